import { createHash } from 'node:crypto'
import { digestText } from '../chunks/chunk-store.ts'
import { type ExportedFacts, exportHead, lengthBytes, mostPieceBytes } from '../format/exported-checkpoint.ts'
import { WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { loadPlainRows, streamedTable } from './load-table-stream.ts'
import { type JsonLoss, type PlainJson, plainJson } from './plain-json.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import { contentOf, damagedCheckpoint, readCheckpointBytes } from './read-checkpoint-bytes.ts'
import type { StoreCore } from './store-core.ts'
import { streamBytes, streamRows } from './stream-checkpoint.ts'
import { type TableFormat, tableBytes } from './table-bytes.ts'
import { tableFormatOf } from './table-format-of.ts'
import { tableInCheckpoint } from './table-in-checkpoint.ts'
import { type WholeFileOptions, writeWholeFile } from './write-whole-file.ts'

/**
 * - `wmk`: everything, losslessly, for `importFrom`.
 * - `json`: the value; of rows one a line.
 * - `cbor`: the encoded value, or the rows as a CBOR sequence (`docs/format-values.md`).
 * - `raw`: the bytes of a checkpoint of bytes.
 * - `parquet`, `csv`, `arrow`, `jsonl`: the table that the checkpoint is or holds, or its rows (`docs/tables.md`).
 */
export type ExportFormat = 'wmk' | 'json' | 'cbor' | 'raw' | TableFormat

export interface ExportOptions {
  /** Default: what the name of the file says that is written (`.parquet`, `.csv`, `.arrow`, `.jsonl`, `.json`, `.cbor`); else, and without a file, `wmk`. */
  readonly format?: ExportFormat
  /** Of the table inside the value, for the formats of tables. Default: the value itself, or the only table in it. */
  readonly path?: string
  /** For `json`: true writes what JSON has no form for in another, a Date as text. Default false: it is refused. */
  readonly lossy?: boolean
  /** Called with what JSON had no form for; of rows for each that had some. */
  readonly onLoss?: (losses: readonly JsonLoss[], count: number) => void
  /** Called with the bytes given so far. */
  readonly onProgress?: (bytes: number) => void
}

/**
 * A checkpoint as the bytes of a file, in bounded memory but for `json` of one value.
 *
 * @throws WaymarkError `corrupt` when the damaged piece is reached, `invalid` if the checkpoint has no such form or JSON cannot hold it
 */
export async function* exportCheckpoint(
  core: StoreCore,
  view: CheckpointView,
  options: ExportOptions = {},
): AsyncIterableIterator<Uint8Array> {
  let bytes = 0
  for await (const piece of piecesOf(core, view, options)) {
    bytes += piece.length
    yield piece
    options.onProgress?.(bytes)
  }
}

/** The same as a file, which is there whole or not at all. */
export function exportToFile(
  core: StoreCore,
  view: CheckpointView,
  path: string,
  options: ExportOptions & WholeFileOptions,
): Promise<number> {
  const format = options.format ?? formatOfName(path)
  return writeWholeFile(core.files, path, exportCheckpoint(core, view, { ...options, format }), options)
}

function formatOfName(path: string): ExportFormat {
  if (/\.json$/i.test(path)) return 'json'
  if (/\.cbor$/i.test(path)) return 'cbor'
  return tableFormatOf(path) ?? 'wmk'
}

function piecesOf(core: StoreCore, view: CheckpointView, options: ExportOptions): AsyncIterable<Uint8Array> {
  const { format = 'wmk' } = options
  switch (format) {
    case 'wmk':
      return wmkPieces(core, view)
    case 'json':
      if (streamedTable(view) !== undefined) return jsonList(core, view, options)
      if (view.encoding === 'cbor') return jsonPieces(core, view, options)
      if (view.encoding === 'rows') return jsonLines(core, view, options)
      throw noSuchForm(view, format)
    case 'cbor':
      if (view.encoding === 'cbor' || view.encoding === 'rows') return streamBytes(core, view)
      throw noSuchForm(view, format)
    case 'raw':
      if (view.encoding === 'bytes') return streamBytes(core, view)
      throw noSuchForm(view, format)
    case 'parquet':
    case 'csv':
    case 'arrow':
    case 'jsonl':
      return tablePieces(core, view, format, options)
    default:
      throw noSuchForm(view, String(format))
  }
}

async function* tablePieces(
  core: StoreCore,
  view: CheckpointView,
  format: TableFormat,
  options: ExportOptions,
): AsyncIterableIterator<Uint8Array> {
  if (view.encoding === 'rows' && format === 'jsonl' && options.path === undefined) return yield* jsonLines(core, view, options)
  if (view.encoding !== 'cbor' && view.encoding !== 'rows') throw noSuchForm(view, format)
  yield* tableBytes(await tableInCheckpoint(core, view, options.path), format)
}

async function* wmkPieces(core: StoreCore, view: CheckpointView): AsyncIterableIterator<Uint8Array> {
  const hash = createHash('sha256')
  const hashed = (bytes: Uint8Array): Uint8Array => {
    hash.update(bytes)
    return bytes
  }
  yield hashed(exportHead(await factsOf(core, view)))
  for await (const piece of contentPieces(core, view)) {
    yield hashed(lengthBytes(piece.length))
    yield hashed(piece)
  }
  yield hashed(lengthBytes(0))
  yield hash.digest()
}

/** The content chunk by chunk, in memory of its own: who reads the file then knows the cuts, from which the digest is made. */
async function* contentPieces(core: StoreCore, view: CheckpointView): AsyncIterableIterator<Uint8Array> {
  const content = await contentOf(core, view)
  if (content.kind !== 'chunks') {
    const bytes = await readCheckpointBytes(core, view)
    for (let from = 0; from < bytes.length; from += mostPieceBytes) yield bytes.subarray(from, from + mostPieceBytes)
    return
  }
  const { reader } = await core.chunks.open(content)
  const digest = createHash('sha256')
  for await (const chunk of reader.chunks()) {
    digest.update(chunk.digest)
    yield new Uint8Array(chunk.bytes)
  }
  const found = digestText(digest.digest())
  if (found !== view.digest) throw damagedCheckpoint(view, found)
}

async function factsOf(core: StoreCore, view: CheckpointView): Promise<ExportedFacts> {
  const { id, run, stage, type, createdAt, tags, metadata, description, expiresAt, digest, encoding, rows, logicalBytes } = view
  const { tables, tableCount } = view
  const content = await contentOf(core, view)
  const outline = content.kind === 'chunks' ? (await core.chunks.open(content)).manifest.outline : undefined
  return {
    id,
    ...(run === undefined ? {} : { run }),
    ...(stage === undefined ? {} : { stage }),
    type,
    createdAt,
    tags,
    metadata,
    ...(description === undefined ? {} : { description }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    digest,
    encoding,
    ...(rows === undefined ? {} : { rows }),
    ...(tables === undefined ? {} : { tables }),
    ...(tableCount === undefined ? {} : { tableCount }),
    logicalBytes,
    ...(outline === undefined ? {} : { outline }),
  }
}

async function* jsonPieces(core: StoreCore, view: CheckpointView, options: ExportOptions): AsyncIterableIterator<Uint8Array> {
  yield jsonBytes(checkedJson(view, plainJson(await readCheckpoint(core, view)), options), view)
}

/** A table whose rows come one by one as a list of them. */
async function* jsonList(core: StoreCore, view: CheckpointView, options: ExportOptions): AsyncIterableIterator<Uint8Array> {
  const table = streamedTable(view)
  if (table === undefined) return
  let begin = '['
  for await (const line of linesOf(loadPlainRows(core, view, table), view, options)) {
    yield Buffer.from(begin)
    yield line.subarray(0, -1)
    begin = ',\n'
  }
  yield Buffer.from(begin === '[' ? '[]\n' : ']\n')
}

async function* jsonLines(core: StoreCore, view: CheckpointView, options: ExportOptions): AsyncIterableIterator<Uint8Array> {
  yield* linesOf(streamRows(core, view), view, options)
}

async function* linesOf(
  rows: AsyncIterable<unknown>,
  view: CheckpointView,
  options: ExportOptions,
): AsyncIterableIterator<Uint8Array> {
  let row = 0
  for await (const value of rows) {
    const { json, losses, lossCount } = plainJson(value)
    const placed = losses.map(({ path, what }) => ({ what, path: path === '' ? `row ${row}` : `row ${row}, ${path}` }))
    yield jsonBytes(checkedJson(view, { json, losses: placed, lossCount }, options), view)
    row++
  }
}

function checkedJson(view: CheckpointView, { json, losses, lossCount }: PlainJson, options: ExportOptions): unknown {
  const [first] = losses
  if (first === undefined) return json
  options.onLoss?.(losses, lossCount)
  if (options.lossy === true) return json
  const places = lossCount === 1 ? 'one place' : `${lossCount} places`
  throw new WaymarkError('invalid', {
    message: `JSON cannot hold checkpoint ${view.id} as it is, in ${places}: at ${first.path === '' ? 'the top' : first.path} ${first.what}`,
    means: 'Nothing was written.',
    remedy: 'Export it as wmk or cbor, which lose nothing, or accept the loss with --lossy.',
    details: { checkpoint: view.id, losses, lossCount },
  })
}

function jsonBytes(json: unknown, view: CheckpointView): Uint8Array {
  try {
    return Buffer.from(`${JSON.stringify(json)}\n`)
  } catch (error) {
    throw new WaymarkError('limit', {
      message: `checkpoint ${view.id} is too long to be one JSON text`,
      means: 'Nothing was written.',
      remedy: 'Export it as cbor or wmk.',
      cause: error,
      details: { checkpoint: view.id },
    })
  }
}

const formsOf = {
  cbor: ['wmk', 'json', 'cbor'],
  rows: ['wmk', 'json', 'cbor', 'parquet', 'csv', 'arrow', 'jsonl'],
  bytes: ['wmk', 'raw'],
  files: ['wmk', 'files'],
} as const

function noSuchForm(view: CheckpointView, format: string): WaymarkError {
  const what = { cbor: 'one value', rows: 'rows', bytes: 'bytes', files: 'files' }[view.encoding]
  return new WaymarkError('invalid', {
    message: `checkpoint ${view.id} holds ${what}, which cannot be exported as ${format}`,
    means: 'Nothing was written.',
    remedy: `Use --format ${formsOf[view.encoding].join(' or ')}.`,
    details: { checkpoint: view.id, encoding: view.encoding, formats: formsOf[view.encoding] },
  })
}
