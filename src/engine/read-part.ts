import { type DecodeOptions, decodeValue } from '../format/decode-value.ts'
import { findPath } from '../format/find-path.ts'
import { decodeOutline } from '../format/outline.ts'
import { parsePath } from '../format/parse-path.ts'
import type { CheckpointTable } from '../model/checkpoint.ts'
import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { partsOf } from './checkpoint-keys.ts'
import { loadTableStream, streamedTable } from './load-table-stream.ts'
import { partOfTable, tableOnTheWay } from './part-of-table.ts'
import { contentOf, readCheckpointBytes } from './read-checkpoint-bytes.ts'
import type { StoreCore } from './store-core.ts'

/**
 * One part of a checkpoint's value. Only the frames that hold it, and what leads to it, are read; of a row in a table the whole table.
 *
 * @throws WaymarkError `not_found` if there is nothing at the path, `corrupt`
 */
export async function readPart(
  core: StoreCore,
  view: CheckpointView,
  path: string,
  options: Pick<DecodeOptions, 'tablesInColumns'> = {},
): Promise<unknown> {
  if (view.encoding !== 'cbor') throw noPaths(view)
  const stream = streamedTable(view)
  if (stream !== undefined && stream.form === 'rows') return partOfStream(core, view, stream, path)
  const found = await partAt(core, view, path, options)
  if (found !== undefined) return found.value
  const way = tableOnTheWay(view, path)
  const table = way === undefined ? undefined : await partAt(core, view, way.path, {})
  const part = way === undefined || table === undefined ? undefined : partOfTable(table.value, way, view)
  if (part === undefined) throw await nothingThere(core, view, path)
  return part
}

/** Only the batches up to the row are read. */
async function partOfStream(core: StoreCore, view: CheckpointView, table: CheckpointTable, path: string): Promise<unknown> {
  const [index, ...steps] = parsePath(path).map(({ key }) => key)
  const { rows } = table.facts
  if (typeof index !== 'number' || index >= rows) throw noSuchRow(view, path, rows)
  let at = 0
  for await (const row of loadTableStream(core, view, table)) {
    if (at++ < index) continue
    const part = partOfTable([row], { path: '', steps: [0, ...steps] }, view)
    if (part !== undefined) return part
    break
  }
  throw noSuchRow(view, path, rows)
}

const noSuchRow = (view: CheckpointView, path: string, rows: number): WaymarkError =>
  new WaymarkError('not_found', {
    message: `checkpoint ${view.id}, a table of ${rows} rows, has nothing at ${path}`,
    means: 'Nothing was changed.',
    remedy: `Name a row and a column: [0].column. See the columns with: waymark show ${view.id}`,
    details: { checkpoint: view.id, path, rows },
  })

async function partAt(
  core: StoreCore,
  view: CheckpointView,
  path: string,
  options: Pick<DecodeOptions, 'tablesInColumns'>,
): Promise<{ readonly value: unknown } | undefined> {
  const content = await contentOf(core, view)
  const { codecs } = core
  if (content.kind !== 'chunks') {
    const bytes = await readCheckpointBytes(core, view)
    const read = async (offset: number, length: number): Promise<Uint8Array> => bytes.subarray(offset, offset + length)
    const place = await findPath(read, bytes.length, undefined, path)
    if (place === undefined) return undefined
    return { value: decodeValue(bytes.subarray(place.offset, place.offset + place.length), { codecs, ...options }) }
  }
  const { reader, manifest } = await core.chunks.open(content)
  const outline = manifest.outline === undefined ? undefined : decodeOutline(manifest.outline, reader.length)
  const place = await findPath((offset, length) => reader.read(offset, length), reader.length, outline, path)
  if (place === undefined) return undefined
  return { value: decodeValue(await reader.read(place.offset, place.length), { codecs, ...options }) }
}

async function nothingThere(core: StoreCore, view: CheckpointView, path: string): Promise<WaymarkError> {
  const near = await nearKey(core, view, path)
  return new WaymarkError('not_found', {
    message: `checkpoint ${view.id} has nothing at ${path}${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was changed.',
    remedy: `See its top-level keys with: waymark show ${view.id}`,
    details: { checkpoint: view.id, path, ...(near === undefined ? {} : { near }) },
  })
}

/** Of the keys at the top, the one that the path seems to begin with. */
async function nearKey(core: StoreCore, view: CheckpointView, path: string): Promise<string | undefined> {
  const [first] = parsePath(path)
  const keys = ((await partsOf(core, view)).keys ?? []).map(({ key }) => key)
  return typeof first?.key !== 'string' || keys.includes(first.key) ? undefined : nearest(first.key, keys)
}

function noPaths(view: CheckpointView): WaymarkError {
  return new WaymarkError('invalid', {
    message: `checkpoint ${view.id} holds ${view.encoding}, which have no paths`,
    means: 'Nothing was read or changed.',
    remedy: view.encoding === 'rows' ? 'Read its rows with store.loadRows().' : 'Read its bytes with store.loadBytes().',
    details: { checkpoint: view.id, encoding: view.encoding },
  })
}
