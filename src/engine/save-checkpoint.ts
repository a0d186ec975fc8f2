import { Readable } from 'node:stream'
import type { StreamPiece } from '../chunks/stream-saver.ts'
import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import type { Ownership } from '../log/log.ts'
import type { CheckpointEncoding, CheckpointRecord } from '../model/checkpoint.ts'
import { WaymarkError } from '../model/errors.ts'
import { type ByteSource, bytePieces } from './byte-pieces.ts'
import { checkLabels, checkOptionNames } from './check-labels.ts'
import { claimCheckpointId } from './claim-checkpoint-id.ts'
import { filePieces } from './file-pieces.ts'
import type { Lineage } from './parents.ts'
import { encodeRunRecord } from './record-codec.ts'
import { rowPieces } from './row-pieces.ts'
import type { StoreCore } from './store-core.ts'
import { tableStreamContent } from './table-stream-content.ts'
import type { TablesOfCheckpoint } from './tables-of-checkpoint.ts'
import { type SaveMode, takeSnapshot, type ValueSnapshot } from './value-snapshot.ts'
import { type CheckpointFacts, writeSnapshot, writeStream } from './write-checkpoint.ts'

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

/** As they are now: the caller may go on changing them. */
function labelsNow(options: SaveOptions): SaveLabels {
  const { tags, metadata } = options
  return {
    ...options,
    ...(tags === undefined ? {} : { tags: [...tags] }),
    ...(metadata === undefined ? {} : { metadata: copyOf(metadata) }),
  }
}

/** Of what can be stored, and refused if it cannot. */
function copyOf(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [key, decodeValue(encodeValue(value, { tables: false }))]),
  )
}

const saveOptionNames = [
  ...['value', 'bytes', 'rows', 'files', 'mode', 'full'],
  ...['id', 'run', 'stage', 'type', 'tags', 'metadata', 'description', 'ttlMs'],
]

/** Saves a checkpoint outside any run; durable when it resolves. */
export async function saveCheckpoint(core: StoreCore, options: SaveOptions): Promise<CheckpointRecord> {
  checkOptionNames('save', options, saveOptionNames)
  checkLabels(options)
  // Before anything is awaited: a value is read here.
  const labels = labelsNow(options)
  const content = contentOf(core, options)
  if (content.kind === 'value' && content.snapshot instanceof Promise) content.snapshot.catch(() => {})
  try {
    return await saveContent(core, content, labels)
  } catch (error) {
    // A source that was not read to its end holds a file or a connection.
    if ('bytes' in options && options.bytes instanceof Readable) options.bytes.destroy()
    throw error
  }
}

/** What is to be kept: a value, or a stream of bytes by its encoding. */
export type Content = { readonly kind: 'value'; readonly snapshot: ValueSnapshot | Promise<ValueSnapshot> } | StreamContent

export interface StreamContent {
  readonly kind: CheckpointEncoding
  readonly pieces: AsyncIterable<StreamPiece>
  /** Asked when the whole stream is there. */
  readonly rows?: () => number
  readonly outline?: () => Uint8Array | undefined
  readonly front?: () => Uint8Array
  readonly tables?: TablesOfCheckpoint | (() => TablesOfCheckpoint)
}

/** A value is read here, before anything is awaited. */
function contentOf(core: StoreCore, options: SaveOptions): Content {
  const given = ['value', 'bytes', 'rows', 'files'].filter(name => name in options)
  if (given.length !== 1) throw notOneContent(given)
  checkSource(options)
  const stream = 'value' in options ? tableStreamContent(core, options.value) : undefined
  if (stream !== undefined) return stream
  if ('value' in options) return { kind: 'value', snapshot: takeSnapshot(core, options.value, lineageOf(options), options) }
  if ('bytes' in options) return { kind: 'bytes', pieces: bytePieces(options.bytes) }
  if ('files' in options) return { kind: 'files', pieces: filePieces(core.files, options.files) }
  const counted = rowPieces(options.rows, core.codecs)
  return { kind: 'rows', pieces: counted.pieces, rows: counted.count }
}

/** A wrong one would otherwise be told of where nobody knows any more what it was given for. */
function checkSource(options: SaveOptions): void {
  if ('bytes' in options && !(options.bytes instanceof Uint8Array) && !isIterable(options.bytes))
    throw badSource('bytes', options.bytes, 'Give a Uint8Array, or a stream or list of them; text as Buffer.from(text).')
  if ('rows' in options && !isIterable(options.rows))
    throw badSource(
      'rows',
      options.rows,
      'Give a list, a generator or a stream of rows; one object alone is a value: save({ value }).',
    )
  if ('files' in options && !isPaths(options.files))
    throw badSource('files', options.files, 'Give the path of a file or folder, or a list of such paths.')
}

const isIterable = (source: unknown): boolean =>
  typeof source === 'object' && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source)

const isPaths = (files: unknown): boolean => {
  const paths: readonly unknown[] = Array.isArray(files) ? files : [files]
  return paths.every(path => typeof path === 'string' && path !== '')
}

function badSource(name: string, given: unknown, remedy: string): WaymarkError {
  const kind = given === null ? 'null' : Array.isArray(given) ? 'a list of something else' : `of type ${typeof given}`
  return new WaymarkError('invalid', {
    message: `save cannot take ${name} from what it was given, which is ${kind}`,
    means: 'Nothing was saved.',
    remedy,
    details: { option: name },
  })
}

const lineageOf = ({ run, stage, type }: SaveLabels): Lineage => ({ run, stage, type: type ?? defaultType })

/** Keeps what is there as a new checkpoint; durable when it resolves. `expiresAt` (wall milliseconds) goes before `ttlMs`. */
export async function saveContent(
  core: StoreCore,
  content: Content,
  options: SaveLabels & { readonly expiresAt?: number },
): Promise<CheckpointRecord> {
  checkLabels(options)
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
    ownership = id === undefined ? undefined : await claimCheckpointId(core, id)
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
          ...(content.front === undefined ? {} : { front: content.front }),
          ...(content.tables === undefined ? {} : { tables: content.tables }),
        })
  const record = encodeRunRecord({ type: 'checkpoint.saved', time, checkpoint })
  const [position] = ownership === undefined ? await core.log.appendFree([record]) : await core.log.append(ownership, [record])
  if (position !== undefined) {
    core.feed.saved(checkpoint.id, position)
    core.memory.parents.recorded(checkpoint.id, position)
  }
  return checkpoint
}

function notOneContent(given: readonly string[]): WaymarkError {
  return new WaymarkError('invalid', {
    message: `a checkpoint holds one of value, bytes, rows and files; ${given.length === 0 ? 'none was given' : `${given.join(' and ')} were`}`,
    means: 'Nothing was saved.',
    remedy: 'Call save({ value }), save({ bytes }), save({ rows }) or save({ files }).',
  })
}
