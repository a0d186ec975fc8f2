import { type DecodeOptions, decodeValue } from '../format/decode-value.ts'
import { findPath } from '../format/find-path.ts'
import { decodeOutline } from '../format/outline.ts'
import { WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { partOfTable, tableOnTheWay } from './part-of-table.ts'
import { contentOf, readCheckpointBytes } from './read-checkpoint.ts'
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
  const found = await partAt(core, view, path, options)
  if (found !== undefined) return found.value
  const way = tableOnTheWay(view, path)
  const table = way === undefined ? undefined : await partAt(core, view, way.path, {})
  const part = way === undefined || table === undefined ? undefined : partOfTable(table.value, way, view)
  if (part === undefined) throw nothingThere(view, path)
  return part
}

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

function nothingThere(view: CheckpointView, path: string): WaymarkError {
  return new WaymarkError('not_found', {
    message: `checkpoint ${view.id} has nothing at ${path}`,
    means: 'Nothing was changed.',
    remedy: `See its top-level keys with: waymark show ${view.id}`,
    details: { checkpoint: view.id, path },
  })
}

function noPaths(view: CheckpointView): WaymarkError {
  return new WaymarkError('invalid', {
    message: `checkpoint ${view.id} holds ${view.encoding}, which have no paths`,
    means: 'Nothing was read or changed.',
    remedy: view.encoding === 'rows' ? 'Read its rows with store.loadRows().' : 'Read its bytes with store.loadBytes().',
    details: { checkpoint: view.id, encoding: view.encoding },
  })
}
