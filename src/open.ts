import { dirname, join, resolve } from 'node:path'
import { FsBlobStore } from './blobs/fs-blob-store.ts'
import { imageFile } from './catalog/image-file.ts'
import { type OpenCatalog, openOrReplace, replaceCatalog } from './catalog/open-or-replace.ts'
import { openSqliteCatalog } from './catalog/sqlite-catalog.ts'
import { type ChunkIndex, noChunkIndex } from './chunks/chunk-index.ts'
import { ChunkStore } from './chunks/chunk-store.ts'
import { keyedChunkIndex } from './chunks/keyed-chunk-index.ts'
import { withParity } from './chunks/parity-blobs.ts'
import { RetainedLeaves } from './chunks/retained-leaves.ts'
import { splitWorkbenches } from './chunks/split-workbenches.ts'
import { openSqliteChunkIndex } from './chunks/sqlite-chunk-index.ts'
import type { Workbenches } from './chunks/workbench.ts'
import { CatalogFeed } from './engine/catalog-feed.ts'
import { checkRetention, type Retention } from './engine/check-retention.ts'
import { findStore, storePathFor } from './engine/find-store.ts'
import { LeaseKeeper } from './engine/lease-keeper.ts'
import { MemoryOfSaves } from './engine/memory-of-saves.ts'
import { openOrMake } from './engine/open-or-make.ts'
import { OpenedStore } from './engine/opened-store.ts'
import { Parents } from './engine/parents.ts'
import { identifyProcess } from './engine/process-identity.ts'
import { chunksContentAt } from './engine/record-content.ts'
import { checkRedact, Redaction } from './engine/redaction.ts'
import { removeLeftovers } from './engine/remove-leftovers.ts'
import { renewDataKey } from './engine/renew-data-key.ts'
import type { EventLogger, RunLog, RunLogOptions } from './engine/run-log.ts'
import { RunRequests } from './engine/run-requests.ts'
import { refuseIfSealed } from './engine/sealed-meanwhile.ts'
import type { Store } from './engine/store.ts'
import type { StoreCore } from './engine/store-core.ts'
import { upgradeDescriptor } from './engine/store-descriptor.ts'
import { StoreListeners } from './engine/store-listeners.ts'
import type { FileSystem } from './files/file-system.ts'
import { nodeFiles } from './files/node-files.ts'
import { readOnlyFiles } from './files/read-only-files.ts'
import type { Codec } from './format/codec.ts'
import { type Compression, checkCompression, defaultCompression } from './format/compression.ts'
import { FileLog } from './log/file-log.ts'
import { checkOptions, type OptionRules, optionRules } from './model/check-options.ts'
import { type Clock, type Random, systemClock, systemRandom } from './model/clock.ts'
import { checkDurability, type Durability } from './model/durability.ts'
import { WaymarkError } from './model/errors.ts'
import { HybridClock } from './model/hybrid-clock.ts'
import { newProcessId } from './model/ids.ts'
import type { LogOptions } from './model/log-options.ts'
import type { Owner } from './model/owner.ts'
import type { SavePolicy } from './model/save-policy.ts'
import type { MasterKey } from './seal/master-key.ts'

export interface OpenOptions {
  /** Folder of the store. Default: the one found from the working folder upward, else `.waymark` beside the nearest package.json. */
  readonly path?: string
  /** False: a store that does not exist is `not_found`. Default true. */
  readonly create?: boolean
  /** Classes whose instances may be stored. */
  readonly codecs?: readonly Codec[]
  /** How packs are compressed. Default zstd, level 1. It can differ from one opening to the next. */
  readonly compression?: Compression
  /** Milliseconds after which a checkpoint counts as expired that was saved without a time to live. Default: never. */
  readonly defaultTtlMs?: number
  /**
   * Deletes old checkpoints whenever a run ends in this process: of runs that ended more than `olderThanDays` (7) ago, without the `newestRuns` (10) newest of each pipeline. What is pinned, the
   * newest good one of a stage, and what an unfinished run or a fork needs stay. `{}` takes both defaults. Default: nothing is deleted by itself.
   */
  readonly retention?: Retention | false
  /** What the records of runs survive, where a run does not ask for another: a power cut (`power`, the default), a kill (`process`), or a clean end (`exit`). What `save` and other verbs of the store write is always `power`. */
  readonly durability?: Durability
  /** True: changes nothing in the store, for which reading is then enough; the catalog is built in memory. What would save is `unavailable`. Default false. */
  readonly readOnly?: boolean
  /** True: keeps everything in memory until it is closed, and nothing of it after that: pipelines run as ever, and no file of the store is read or made, nor is a key asked for; `path` and `WAYMARK_STORE` are not used. Needs the memory for all that is saved. Outputs are written to the disk. Default false. */
  readonly inMemory?: boolean
  /** When passes over items and trackers save their progress, where they have no `save` of their own. Default: every 5 % or as often as costs 1 % of the time, at least every 5 minutes. */
  readonly save?: SavePolicy
  /** Keeps parity beside each pack, 3 to 5 % of its bytes, from which a repair heals a damaged block of 64 KiB in each group of about 32. Default false. */
  readonly parity?: boolean
  /** Opens a sealed store; of several, any that is one of its master keys. A store that does not exist is made sealed, with the first of them; one that is not sealed is a `conflict`. Default: what `WAYMARK_KEY` names, else a key of the store in AWS KMS or Vault whose credentials are at hand. */
  readonly key?: MasterKey | readonly MasterKey[]
  /** What the master key of a store that is made sealed is called. Default: its kind. */
  readonly keyName?: string
  /** What is not to be shown, besides what looks like a secret by its name: paths with `*` and `**`, as `redact` of a pipeline. It holds for `diff` and `keyHistory` of this store, and is kept with the runs begun with it. */
  readonly redact?: readonly string[]
  /**
   * Log files of what is recorded through this opening, a line an event in JSON: `pipeline.log`, `events/events.log`, `errors/errors.log` with stacks and causes, and one of each stage if asked for; or a logger of one's own, pino's
   * for instance. The files lie outside of the store and are not sealed. Default: none.
   */
  readonly logs?: LogOptions | EventLogger
  /** For tests: stand-ins for the machine. */
  readonly components?: Partial<StoreComponents>
}

const rules: OptionRules<OpenOptions> = {
  path: optionRules.text,
  create: optionRules.flag,
  codecs: optionRules.list,
  compression: optionRules.any,
  defaultTtlMs: optionRules.spanMs,
  retention: optionRules.any,
  durability: optionRules.any,
  readOnly: optionRules.flag,
  inMemory: optionRules.flag,
  save: optionRules.any,
  parity: optionRules.flag,
  key: optionRules.any,
  keyName: optionRules.text,
  redact: optionRules.any,
  logs: optionRules.any,
  components: optionRules.any,
}

/** What a store takes from outside. */
export interface StoreComponents {
  readonly files: FileSystem
  readonly clock: Clock
  readonly random: Random
  /** Who this process is; `process` is its random name. */
  readonly identify: (process: string) => Owner
  /** Opens the catalog; by default `catalog.sqlite` in the store. Called again after the one before was set aside as damaged. */
  readonly openCatalog: OpenCatalog
  /** Opens what remembers which chunks there are; by default `chunks.sqlite` in the store. */
  readonly openChunkIndex: (path: string) => ChunkIndex
  /** What hashes and compresses; by default threads for large saves. */
  readonly workbenches: Workbenches
}

/**
 * Opens a store, making it if there is none.
 *
 * @example
 * const store = await open('/tmp/my-store')
 * console.log(await store.list({ limit: 10 }))
 * await store.close()
 * @throws WaymarkError `not_found`, `invalid` if the path is no folder, `unsupported` if a newer version wrote it, `corrupt`, `unavailable`, `disk_full`
 */
export async function open(location?: string | OpenOptions, ...more: readonly never[]): Promise<Store> {
  if (more.length > 0) throw moreThanOne()
  const options: OpenOptions = typeof location === 'string' ? { path: location } : (location ?? {})
  checkOptions('open', options, rules, 'No store was opened or made.')
  checkRetention('open', options.retention)
  checkRedact('open', options.redact)
  if (options.logs !== undefined) (await import('./engine/check-logs.ts')).checkLogs('open', options.logs)
  if (options.save !== undefined) (await import('./model/save-policy.ts')).checkSavePolicy(options.save, 'open')
  const named = resolve(options.path ?? process.env['WAYMARK_STORE'] ?? findStore(process.cwd()) ?? storePathFor(process.cwd()))
  // A name for what is nowhere, in a folder that is there.
  const path = options.inMemory === true ? resolve(':memory:') : named
  const given: StoreComponents = {
    files: nodeFiles,
    clock: systemClock,
    random: systemRandom,
    identify: identifyProcess,
    openCatalog: openSqliteCatalog,
    openChunkIndex: openSqliteChunkIndex,
    workbenches: splitWorkbenches,
    ...options.components,
  }
  const machine = options.inMemory === true ? await inMemory(given, path) : given
  const components = options.readOnly === true ? unchanging(machine, path) : machine
  const core = await assemble(path, components, options)
  try {
    await core.feed.refresh()
    core.order.observe((await core.feed.query(catalog => catalog.summary())).highestOrder)
    await renewDataKey(core)
    if (!core.readOnly) await removeLeftovers(core)
  } catch (error) {
    await core.feed.close().catch(() => {})
    throw error
  }
  return new OpenedStore(core)
}

/** What stands second would not count, a key for instance: the store would be made plain. */
const moreThanOne = (): WaymarkError =>
  new WaymarkError('invalid', {
    message: 'open: it takes one argument, a path or the options',
    means: 'No store was opened or made.',
    remedy: "Name the path among the options: open({ path: '.waymark', key: keyFile('/etc/waymark.key') })",
  })

/** Reads the same store, and cannot change it. */
const unchanging = (components: StoreComponents, path: string): StoreComponents => ({
  ...components,
  files: readOnlyFiles(components.files, path),
  openCatalog: (catalog, options) => components.openCatalog(catalog.startsWith(path) ? ':memory:' : catalog, options),
  openChunkIndex: () => noChunkIndex,
})

/** Nothing of the store is on the disk. */
const inMemory = async (components: StoreComponents, path: string): Promise<StoreComponents> => ({
  ...components,
  files: (await import('./files/memory-files.ts')).memoryFiles(components.files, path),
  openCatalog: (catalog, options) => components.openCatalog(catalog.startsWith(path) ? ':memory:' : catalog, options),
  openChunkIndex: () => noChunkIndex,
})

async function assemble(path: string, components: StoreComponents, options: OpenOptions): Promise<StoreCore> {
  const { clock, random } = components
  const durability = checkDurability(options.durability, 'open') ?? 'power'
  const { descriptor, opened, unusedKey } = await openOrMake(path, components, options)
  const seals = opened?.seals
  const files =
    seals === undefined
      ? components.files
      : (await import('./seal/sealed-files.ts')).sealedFiles({
          files: components.files,
          root: path,
          storeId: descriptor.store,
          seals,
          random,
        })
  const openChunkIndex = (index: string): ChunkIndex =>
    seals === undefined ? components.openChunkIndex(index) : keyedChunkIndex(components.openChunkIndex(index), seals)
  const self = components.identify(newProcessId(random))
  // What is sealed is not written down for SQLite.
  const catalogPath = seals === undefined ? join(path, 'catalog.sqlite') : ':memory:'
  const image = seals && imageFile(files, join(path, 'catalog.sealed'), random)
  const { catalog, replaced } = await openOrReplace(catalogPath, components.openCatalog, { bootId: self.bootId, image })
  let feed: CatalogFeed | undefined
  const notice = (text: string): void => feed?.note(text)
  const listeners = new StoreListeners(notice)
  const redaction = new Redaction(options.redact)
  const runLog =
    options.logs && (await runLogTo(options.logs, { clock, redaction, notice, defaultFolder: join(dirname(path), 'logs') }))
  const log = new FileLog({
    files,
    root: path,
    storeId: descriptor.store,
    clock,
    random,
    seals,
    mayWrite: seals === undefined ? () => refuseIfSealed(files, path) : undefined,
    onCommitted(batch) {
      feed?.committed(batch)
      listeners.committed(batch)
      runLog?.committed(batch)
    },
    witness: async segment => (await feed?.witness(segment)) ?? 0,
  })
  feed = new CatalogFeed(log, catalog, clock, async (damaged, error) => {
    await damaged.close().catch(() => {})
    return replaceCatalog(catalogPath, components.openCatalog, { bootId: self.bootId }, error)
  })
  if (replaced !== undefined) feed.noteReplaced(replaced)
  if (unusedKey !== undefined)
    feed.note(
      `the store is not sealed, although WAYMARK_KEY names ${unusedKey}: what it holds can be read without a key. Seal it with: waymark keys init`,
    )
  const packs = new FsBlobStore(files, join(path, 'packs'))
  const blobs =
    options.parity === true ? withParity(packs, new FsBlobStore(files, join(path, 'packs'), '.par'), descriptor.store) : packs
  const chunks = new ChunkStore({
    blobs,
    storeId: descriptor.store,
    random,
    index: openChunkIndex(join(path, 'chunks.sqlite')),
    workbenches: components.workbenches,
    compression: checkCompression(options.compression ?? defaultCompression),
    contentAt: position => chunksContentAt(log, position),
  })
  return {
    path,
    storeId: descriptor.store,
    readOnly: options.readOnly ?? false,
    workbenches: components.workbenches,
    openCatalog: (catalog, image) =>
      components.openCatalog(catalog, image === undefined ? {} : { image: { read: async () => image, write: async () => {} } }),
    openEventIndex: async replaces => {
      const { openEventIndex } = await import('./catalog/sqlite-event-index.ts')
      // SQLite opens files past the port; and nothing of a sealed store is written down for it.
      const isOnDisk = components.files === nodeFiles && seals === undefined
      return openEventIndex(isOnDisk ? join(path, 'events.sqlite') : ':memory:', replaces)
    },
    openChunkIndex,
    upgrade: onceUntilDone(() => upgradeDescriptor(files, path, descriptor, random)),
    files,
    disk: components.files,
    seals,
    keeper: opened?.keeper,
    log,
    blobs,
    chunks,
    memory: new MemoryOfSaves({
      files,
      path,
      parents: new Parents({ chunks, feed, log }),
      leaves: new RetainedLeaves(),
      clearReading: () => chunks.shelf.clear(),
    }),
    feed,
    leases: new LeaseKeeper(files, join(path, 'leases'), clock, self),
    requests: new RunRequests(files, join(path, 'requests'), clock, run => seals?.name('run', run) ?? run),
    order: new HybridClock(clock),
    clock,
    random,
    codecs: options.codecs ?? [],
    defaultTtlMs: options.defaultTtlMs,
    listeners,
    runLog,
    redaction,
    retention: options.retention === false ? undefined : options.retention,
    durability,
    save: options.save,
    self,
    activeRuns: new Set(),
  }
}

/** Nothing of the kind is loaded for whoever wants no log. */
async function runLogTo(to: LogOptions | EventLogger, parts: Omit<RunLogOptions, 'to'>): Promise<RunLog> {
  const { RunLog } = await import('./engine/run-log.ts')
  return new RunLog({ ...parts, to })
}

/** Does the work once; a failure is tried again by the next call. */
function onceUntilDone(work: () => Promise<unknown>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work().then(
      () => {},
      error => {
        done = undefined
        throw error
      },
    )
    return done
  }
}
