import { setImmediate } from 'node:timers/promises'
import type { ChunkList } from '../chunks/chunk-list.ts'
import type { SavedBytes } from '../chunks/chunk-store.ts'
import type { StreamPiece } from '../chunks/stream-saver.ts'
import { copyShared } from '../format/copy-shared.ts'
import { asBuffer } from '../format/pack-header.ts'
import { sha256Hex } from '../format/sha256.ts'
import type { CheckpointEncoding, CheckpointRecord } from '../model/checkpoint.ts'
import { newCheckpointId } from '../model/ids.ts'
import type { OperationTimer } from '../model/operation-timer.ts'
import type { Operation } from '../model/timings.ts'
import { checkLabels } from './check-labels.ts'
import type { Parent } from './parents.ts'
import type { StoreCore } from './store-core.ts'
import { tableStreamContent } from './table-stream-content.ts'
import type { TablesOfCheckpoint } from './tables-of-checkpoint.ts'
import { type SnapshotOptions, takeSnapshot, type ValueSnapshot } from './value-snapshot.ts'

/** Values whose bytes are fewer ride in the log record as they are; longer ones are kept as chunks. */
export const inlineBelowBytes = 4 * 1024

/** What is shorter was read within a millisecond or two. */
const turnFromBytes = 256 * 1024

export interface CheckpointFacts {
  readonly id?: string
  readonly run?: string
  readonly stage?: string
  readonly type: string
  readonly tags?: readonly string[]
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly description?: string
  readonly expiresAt?: number
}

/**
 * Makes a value's bytes durable where they need a place of their own, and returns the record whose append to the log is the commit. Bytes first, then the log: without that append the bytes are
 * an orphan pack and nothing else. The value is read before this returns its promise: it may be changed at once.
 *
 * @param signal ends the taking of rows that come one by one, with its reason
 * @throws WaymarkError `invalid` with the path inside the value if it cannot be stored, `disk_full`, `unavailable`
 */
export async function writeCheckpoint(
  core: StoreCore,
  value: unknown,
  facts: CheckpointFacts,
  { signal, ...options }: SnapshotOptions & TimedOptions & { readonly signal?: AbortSignal } = {},
): Promise<CheckpointRecord> {
  checkLabels(facts)
  const { timer } = options
  const stream = tableStreamContent(core, value, signal, timer)
  if (stream !== undefined) return writeStream(core, stream.pieces, stream.kind, facts, { ...options, ...stream })
  const take = () => takeSnapshot(core, value, facts, options)
  return writeSnapshot(core, await (timer === undefined ? take() : timer.atOnce('encode', take)), facts, options)
}

/** Keeps a snapshot, and releases it. */
export async function writeSnapshot(
  core: StoreCore,
  snapshot: ValueSnapshot,
  facts: CheckpointFacts,
  options: SnapshotOptions & TimedOptions = {},
): Promise<CheckpointRecord> {
  const { length, pieces } = snapshot
  const { timer } = options
  try {
    // To read the value held up everybody else; they have their turn before the rest.
    if (length > turnFromBytes) await timed(timer, 'turn', setImmediate)
    if (length >= inlineBelowBytes) return await writeStream(core, pieces, 'cbor', facts, { ...options, ...snapshot })
    if (snapshot.tables.tables !== undefined) await core.upgrade()
    const bytes = joinedShort(pieces, length)
    const hash = () => `sha256:${sha256Hex(bytes)}`
    const digest = timer === undefined ? hash() : timer.atOnce('hash', hash)
    const content = { kind: 'inline' as const, bytes }
    return await checkpointOf(core, facts, {
      encoding: 'cbor',
      digest,
      content,
      ...snapshot.tables,
      logicalBytes: length,
      storedBytes: length,
    })
  } finally {
    snapshot.release()
  }
}

export interface TimedOptions {
  /** Measures what the time goes to. */
  readonly timer?: OperationTimer | undefined
}

export interface StreamOptions {
  /** Whether pieces of it are known from earlier saves. */
  readonly usesMemory?: boolean
  /** Under which epoch of the memory it was read. */
  readonly epoch?: number
  /** Asked when the whole stream is there. */
  readonly outline?: () => Uint8Array | undefined
  readonly rows?: () => number
  readonly tables?: TablesOfCheckpoint | (() => TablesOfCheckpoint)
  /** Asked when the whole stream is there: bytes that come before all of it. */
  readonly front?: () => Uint8Array
  /** Called with its chunks, once they are committed. */
  readonly keep?: (id: string, chunks: ChunkList) => void
}

/** Keeps a stream of bytes as the content of a checkpoint. */
export async function writeStream(
  core: StoreCore,
  pieces: Iterable<StreamPiece> | AsyncIterable<StreamPiece>,
  encoding: CheckpointEncoding,
  facts: CheckpointFacts,
  options: SnapshotOptions & StreamOptions & TimedOptions,
): Promise<CheckpointRecord> {
  const { memory } = core
  const { timer } = options
  const { epoch, full, parent } = await timed(timer, 'catalog', async () => {
    await core.upgrade()
    await memory.refresh()
    if (options.usesMemory === true) await memory.mustHold(options.epoch ?? -1)
    const { epoch } = memory
    const full = options.full === true || memory.underRepair
    const parent: Parent | undefined = full ? undefined : await memory.parents.find(facts)
    return { epoch, full, parent }
  })
  const saved: SavedBytes = await core.chunks.save(pieces, {
    parent: parent?.chunks,
    full,
    timer,
    ...(options.outline === undefined ? {} : { outline: options.outline }),
    ...(options.front === undefined ? {} : { front: options.front }),
  })
  const { content, digest, logicalBytes, storedBytes } = saved
  const rows = options.rows?.()
  const record = await checkpointOf(core, facts, {
    encoding,
    digest,
    content,
    logicalBytes,
    storedBytes,
    ...(parent === undefined || !isParent(facts, saved) ? {} : { parent: parent.id }),
    ...(rows === undefined ? {} : { rows }),
    ...(typeof options.tables === 'function' ? options.tables() : options.tables),
  })
  if (!full || options.usesMemory === true) await memory.mustHold(epoch)
  memory.parents.saved(record.id, facts, saved, () => memory.epoch === epoch, options.keep)
  return record
}

const timed = <Value>(timer: OperationTimer | undefined, operation: Operation, work: () => Promise<Value>): Promise<Value> =>
  timer === undefined ? work() : timer.during(operation, work)

/** What has neither run nor stage is compared with whatever was saved before it: that is its parent only if something of it is used. */
const isParent = ({ run, stage }: CheckpointFacts, { standsOnParent }: SavedBytes): boolean =>
  run !== undefined || stage !== undefined || standsOnParent

type Stored = Pick<
  CheckpointRecord,
  'encoding' | 'digest' | 'content' | 'logicalBytes' | 'storedBytes' | 'parent' | 'rows' | 'tables' | 'tableCount'
>

async function checkpointOf(core: StoreCore, facts: CheckpointFacts, stored: Stored): Promise<CheckpointRecord> {
  return {
    id: facts.id ?? newCheckpointId(core.random),
    ...(facts.run === undefined ? {} : { run: facts.run }),
    ...(facts.stage === undefined ? {} : { stage: facts.stage }),
    type: facts.type,
    createdAt: core.clock.now(),
    order: await nextOrder(core),
    tags: facts.tags ?? [],
    metadata: facts.metadata ?? {},
    ...(facts.description === undefined ? {} : { description: facts.description }),
    ...(facts.expiresAt === undefined ? {} : { expiresAt: facts.expiresAt }),
    ...stored,
  }
}

/** Above every order given before. Where the clock was set back, that of other processes is known only to the log. */
export async function nextOrder(core: StoreCore): Promise<number> {
  const order = core.order.next()
  if (order <= (core.clock.now() + 1) * 1_000) return order
  await core.feed.refresh()
  core.order.observe((await core.feed.query(catalog => catalog.summary())).highestOrder)
  return core.order.next()
}

function joinedShort(pieces: Iterable<StreamPiece>, length: number): Uint8Array {
  const joined = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    if (piece.kind === 'known') throw new TypeError('a short value has no remembered parts')
    copyShared(asBuffer(piece.bytes), 0, piece.bytes.length, joined, at)
    at += piece.bytes.length
  }
  return joined
}
