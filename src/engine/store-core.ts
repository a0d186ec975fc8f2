import type { BlobStore } from '../blobs/blob-store.ts'
import type { FileSystem } from '../files/file-system.ts'
import type { Codec } from '../format/codec.ts'
import type { Log } from '../log/log.ts'
import type { Clock, Random } from '../model/clock.ts'
import type { HybridClock } from '../model/hybrid-clock.ts'
import type { Owner } from '../model/owner.ts'
import type { CatalogFeed } from './catalog-feed.ts'
import type { LeaseKeeper } from './lease-keeper.ts'

/** The parts a store is made of, put together in `open.ts` and used by the verbs of the engine. */
export interface StoreCore {
  readonly path: string
  readonly storeId: string
  readonly files: FileSystem
  readonly log: Log
  readonly blobs: BlobStore
  readonly feed: CatalogFeed
  readonly leases: LeaseKeeper
  readonly order: HybridClock
  readonly clock: Clock
  readonly random: Random
  readonly codecs: readonly Codec[]
  readonly self: Owner
  /** Runs that this process is working on. */
  readonly activeRuns: Set<string>
}
