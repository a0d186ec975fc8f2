import type { BlobStore } from '../blobs/blob-store.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { EventIndex } from '../catalog/event-index.ts'
import type { ChunkIndex } from '../chunks/chunk-index.ts'
import type { ChunkStore } from '../chunks/chunk-store.ts'
import type { Workbenches } from '../chunks/workbench.ts'
import type { FileSystem } from '../files/file-system.ts'
import type { Codec } from '../format/codec.ts'
import type { Log } from '../log/log.ts'
import type { Clock, Random } from '../model/clock.ts'
import type { Durability } from '../model/durability.ts'
import type { WaymarkError } from '../model/errors.ts'
import type { HybridClock } from '../model/hybrid-clock.ts'
import type { Owner } from '../model/owner.ts'
import type { SavePolicy } from '../model/save-policy.ts'
import type { RingKeeper } from '../seal/ring-keeper.ts'
import type { Seals } from '../seal/seals.ts'
import type { CatalogFeed } from './catalog-feed.ts'
import type { Retention } from './check-retention.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { MemoryOfSaves } from './memory-of-saves.ts'
import type { Redaction } from './redaction.ts'
import type { RunLog } from './run-log.ts'
import type { RunRequests } from './run-requests.ts'
import type { StoreListeners } from './store-listeners.ts'

/** The parts a store is made of, put together in `open.ts` and used by the verbs of the engine. */
export interface StoreCore {
  readonly path: string
  readonly storeId: string
  /** Makes sure that an older version refuses the store before it is given what only this one can read. Once per opening; cheap afterwards. */
  readonly upgrade: () => Promise<void>
  /** True: nothing in the store is changed; the catalog is one in memory. */
  readonly readOnly: boolean
  readonly files: FileSystem
  /** The same files as they are on the disk: sealed ones are not opened. */
  readonly disk: FileSystem
  /** Of a sealed store: what it is written and read with. */
  readonly seals: Seals | undefined
  /** Of a sealed store: its key ring. */
  readonly keeper: RingKeeper | undefined
  readonly log: Log
  readonly blobs: BlobStore
  readonly chunks: ChunkStore
  readonly memory: MemoryOfSaves
  /** What decodes and hashes. */
  readonly workbenches: Workbenches
  readonly feed: CatalogFeed
  readonly leases: LeaseKeeper
  readonly requests: RunRequests
  readonly order: HybridClock
  /** Another catalog than that of the feed: a copy, or (`:memory:`) one that begins with this image, or empty. */
  readonly openCatalog: (path: string, image?: Uint8Array) => Promise<Catalog>
  /** The index of events, or one that takes the place of an index which cannot be used for this reason. */
  readonly openEventIndex: (replaces?: WaymarkError) => Promise<EventIndex>
  /** Another handle on what remembers chunks. */
  readonly openChunkIndex: (path: string) => ChunkIndex
  readonly clock: Clock
  readonly random: Random
  readonly codecs: readonly Codec[]
  /** How long a checkpoint saved without a time to live lives, in milliseconds; undefined: for ever. */
  readonly defaultTtlMs: number | undefined
  /** Log files of what happens in this opening, where somebody wants them. */
  readonly runLog: RunLog | undefined
  /** Who is told what happens in this opening. */
  readonly listeners: StoreListeners
  /** What is not to be shown. */
  readonly redaction: Redaction
  /** Applied whenever a run ends; undefined: not at all. */
  readonly retention: Retention | undefined
  /** Of the records of runs that do not ask for another. */
  readonly durability: Durability
  /** When progress is saved where a pass or a tracker does not say; undefined: by the defaults. */
  readonly save: SavePolicy | undefined
  readonly self: Owner
  /** Runs that this process is working on. */
  readonly activeRuns: Set<string>
}
