import type { StreamPiece } from '../chunks/stream-saver.ts'
import type { Ownership } from '../log/log.ts'
import type { CheckpointEncoding, CheckpointRecord } from '../model/checkpoint.ts'
import { sleep } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { checkCallerId } from '../model/ids.ts'
import { type ByteSource, bytePieces } from './byte-pieces.ts'
import { filePieces } from './file-pieces.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import type { Lineage } from './parents.ts'
import { encodeRunRecord } from './record-codec.ts'
import { rowPieces } from './row-pieces.ts'
import type { StoreCore } from './store-core.ts'
import { type SaveMode, takeSnapshot, type ValueSnapshot } from './value-snapshot.ts'
import { type CheckpointFacts, writeSnapshot, writeStream } from './write-checkpoint.ts'

/** How long another process may take from claiming an id to its first record. */
export const claimGraceMs = 2_000
export const claimPollMs = 20

const defaultType = 'state'

/** What a checkpoint is saved under, whatever it holds. */
export interface SaveLabels {
  /** 1 to 128 letters, digits, `.`, `-`, `_`. Drawn at random if absent. An id is used once. */
  readonly id?: string
  /** Labels to find it by; neither needs to exist as a run of a pipeline. */
  readonly run?: string
  readonly stage?: string
  /** Default `state`. */
  readonly type?: string
  readonly tags?: readonly string[]
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly description?: string
  /** Milliseconds after which it counts as expired. Default: what the store was opened with, else never. */
  readonly ttlMs?: number
  /** Keeps all of it anew, so that it stands on no other checkpoint's bytes. Default false. */
  readonly full?: boolean
}

/** What is saved: exactly one of these. */
export type SaveOptions = SaveLabels &
  (
    | {
        /** Any value that can be stored: see `docs/format-values.md`. It is read at once, unless `mode` says otherwise. */
        readonly value: unknown
        /** Default `snapshot`. */
        readonly mode?: SaveMode
      }
    | {
        /** A stream of bytes of any length. Its pieces are read one by one; each may be used again for the next. */
        readonly bytes: ByteSource
      }
    | {
        /** Values, one a row, each read when it comes: as many as there are, in bounded memory. */
        readonly rows: Iterable<unknown> | AsyncIterable<unknown>
      }
    | {
        /** Paths of files and folders, whose files are kept by name and content. */
        readonly files: string | readonly string[]
      }
  )

/** Saves a checkpoint outside any run; durable when it resolves. */
export async function saveCheckpoint(core: StoreCore, options: SaveOptions): Promise<CheckpointRecord> {
  // Before anything is awaited: a value is read here.
  const content = contentOf(core, options)
  if (content.kind === 'value' && content.snapshot instanceof Promise) content.snapshot.catch(() => {})
  return saveContent(core, content, options)
}

/** What is to be kept: a value, or a stream of bytes by its encoding. */
export type Content = { readonly kind: 'value'; readonly snapshot: ValueSnapshot | Promise<ValueSnapshot> } | StreamContent

export interface StreamContent {
  readonly kind: CheckpointEncoding
  readonly pieces: AsyncIterable<StreamPiece>
  /** Asked when the whole stream is there. */
  readonly rows?: () => number
  readonly outline?: () => Uint8Array | undefined
}

/** A value is read here, before anything is awaited. */
function contentOf(core: StoreCore, options: SaveOptions): Content {
  const given = ['value', 'bytes', 'rows', 'files'].filter(name => name in options)
  if (given.length !== 1) throw notOneContent(given)
  if ('value' in options) return { kind: 'value', snapshot: takeSnapshot(core, options.value, lineageOf(options), options) }
  if ('bytes' in options) return { kind: 'bytes', pieces: bytePieces(options.bytes) }
  if ('files' in options) return { kind: 'files', pieces: filePieces(core.files, options.files) }
  const counted = rowPieces(options.rows, core.codecs)
  return { kind: 'rows', pieces: counted.pieces, rows: counted.count }
}

const lineageOf = ({ run, stage, type }: SaveLabels): Lineage => ({ run, stage, type: type ?? defaultType })

/** Keeps what is there as a new checkpoint; durable when it resolves. `expiresAt` (wall milliseconds) goes before `ttlMs`. */
export async function saveContent(
  core: StoreCore,
  content: Content,
  options: SaveLabels & { readonly expiresAt?: number },
): Promise<CheckpointRecord> {
  const time = core.clock.now()
  const ttlMs = options.ttlMs ?? core.defaultTtlMs
  const { id, run, stage, type, tags, metadata, description } = options
  const facts: CheckpointFacts = {
    type: type ?? defaultType,
    ...(id === undefined ? {} : { id }),
    ...(run === undefined ? {} : { run }),
    ...(stage === undefined ? {} : { stage }),
    ...(tags === undefined ? {} : { tags }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(description === undefined ? {} : { description }),
    ...(ttlMs === undefined ? {} : { expiresAt: time + ttlMs }),
    ...(options.expiresAt === undefined ? {} : { expiresAt: options.expiresAt }),
  }
  const full = options.full ?? false
  let ownership: Ownership | undefined
  try {
    ownership = id === undefined ? undefined : await claimId(core, id)
  } catch (error) {
    if (content.kind === 'value') (await content.snapshot).release()
    throw error
  }
  const checkpoint =
    content.kind === 'value'
      ? await writeSnapshot(core, await content.snapshot, facts, { full })
      : await writeStream(core, content.pieces, content.kind, facts, {
          full,
          ...(content.rows === undefined ? {} : { rows: content.rows }),
          ...(content.outline === undefined ? {} : { outline: content.outline }),
        })
  const record = encodeRunRecord({ type: 'checkpoint.saved', time, checkpoint })
  const [position] = ownership === undefined ? await core.log.appendFree([record]) : await core.log.append(ownership, [record])
  if (position !== undefined) core.memory.parents.recorded(checkpoint.id, position)
  return checkpoint
}

/** Claims an id like a run: of two savers with one id, in whatever processes, exactly one succeeds. */
async function claimId(core: StoreCore, id: string): Promise<Ownership> {
  const { log, clock } = core
  checkCallerId(id, 'checkpoint')
  if ((await findCheckpoint(core, id)) !== undefined) throw idUsed(id)
  const ownership = await log.begin(`@${id}`)
  if (ownership !== undefined) return ownership
  // Somebody is saving under it just now, or died before the record.
  const deadline = clock.monotonicMs() + claimGraceMs
  while (clock.monotonicMs() < deadline) {
    if ((await findCheckpoint(core, id)) !== undefined) throw idUsed(id)
    await sleep(clock, claimPollMs)
  }
  const taken = await log.takeOver(`@${id}`)
  if (taken.history.records.length > 0) throw idUsed(id)
  return taken.ownership
}

function idUsed(id: string): WaymarkError {
  return new WaymarkError('conflict', {
    message: `the checkpoint id ${JSON.stringify(id)} was used before`,
    means: 'The earlier checkpoint is untouched; this value was not saved. Checkpoints never change.',
    remedy: 'Save under another id, or without one.',
    details: { checkpoint: id },
  })
}

function notOneContent(given: readonly string[]): WaymarkError {
  return new WaymarkError('invalid', {
    message: `a checkpoint holds one of value, bytes, rows and files; ${given.length === 0 ? 'none was given' : `${given.join(' and ')} were`}`,
    means: 'Nothing was saved.',
    remedy: 'Call save({ value }), save({ bytes }), save({ rows }) or save({ files }).',
  })
}
