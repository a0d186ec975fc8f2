import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import type { CheckpointVerbs } from './checkpoint-verbs.ts'
import type { CompareVerbs } from './compare-verbs.ts'
import type { EventFeed } from './event-feed.ts'
import type { ExchangeVerbs } from './exchange-verbs.ts'
import type { KeysVerbs } from './keys-verbs.ts'
import type { ListenVerbs } from './listen-verbs.ts'
import type { RecordStreamQueries } from './record-stream-queries.ts'
import type { RunVerbs } from './run-verbs.ts'
import type { StoreCore } from './store-core.ts'
import type { TrackVerbs } from './track-verbs.ts'
import type { UpkeepVerbs } from './upkeep-verbs.ts'

/**
 * A store of checkpoints and runs. Opened with `open()`; closed by `close()` or `await using`.
 *
 * @example
 * const store = await open('/tmp/my-store')
 * const saved = await store.save({ value: { step: 3 }, tags: ['nightly'] })
 * const { value } = await store.load(saved.id)
 * await store.close()
 */
export interface Store
  extends CheckpointVerbs,
    ExchangeVerbs,
    CompareVerbs,
    RunVerbs,
    RecordStreamQueries,
    TrackVerbs,
    UpkeepVerbs,
    KeysVerbs,
    ListenVerbs,
    AsyncDisposable {
  /** Absolute path of the store's folder. */
  readonly path: string

  /** Waits for what is being saved, then closes. Idempotent. */
  close(): Promise<void>
}

const cores = new WeakMap<Store, StoreCore>()

/** Called once for a store that is opened. */
export function keepCore(store: Store, core: StoreCore): void {
  cores.set(store, core)
}

/** The parts of a store, for the verbs of the engine. */
export function coreOf(store: Store): StoreCore {
  const core = cores.get(store)
  if (core === undefined) throw noStore(store)
  return core
}

const feeds = new WeakMap<Store, () => Promise<EventFeed>>()

/** Called once for a store that is opened. */
export function keepEventFeed(store: Store, feed: () => Promise<EventFeed>): void {
  feeds.set(store, feed)
}

/** What keeps the index of a store’s events, for questions beside those of {@link Store}. It is made with the first question. */
export function eventFeedOf(store: Store): Promise<EventFeed> {
  const feed = feeds.get(store)
  if (feed === undefined) throw noStore(store)
  return feed()
}

const noStore = (store: unknown): WaymarkError =>
  new WaymarkError('invalid', {
    message: `the store is ${describe(store)}, not one that open() made`,
    means: 'Nothing was run or changed.',
    remedy: 'const store = await open()',
  })
