import { decodeValue } from '../format/decode-value.ts'
import { joinPath, propertySegment } from '../format/value-path.ts'
import { WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import type { ReadableTable } from '../tables/batch-source.ts'
import type { ColumnarTable } from '../tables/columnar.ts'
import { ColumnarHolder } from '../tables/columnar-holder.ts'
import { streamedColumns, streamedTable } from './load-table-stream.ts'
import { readCheckpointBytes } from './read-checkpoint-bytes.ts'
import { readPart } from './read-part.ts'
import { rowsTable } from './rows-table.ts'
import type { StoreCore } from './store-core.ts'

/** Tables told of where several could be meant. */
const mostTold = 20
/** Deeper, or behind more values, no table is looked for. */
const mostLookedAt = 100_000

/**
 * The table that a checkpoint is or holds, in columns. A checkpoint of rows is one.
 *
 * @param path of the table inside the value; undefined: the checkpoint itself, or the only table in it
 * @throws WaymarkError `invalid` if there is no table, or several and none is named; `not_found` of the path; `corrupt`
 */
export async function tableInCheckpoint(core: StoreCore, view: CheckpointView, path?: string): Promise<ReadableTable> {
  if (path === undefined && streamedTable(view) !== undefined) return streamedColumns(core, view)
  if (view.encoding === 'rows' && path === undefined) return rowsTable(core, view)
  if (view.encoding !== 'cbor') throw noTable(view, path)
  if (path !== undefined) {
    const part = await readPart(core, view, path, { tablesInColumns: true })
    if (part instanceof ColumnarHolder) return part.columns
    throw noTable(view, path)
  }
  const value = decodeValue(await readCheckpointBytes(core, view), { codecs: core.codecs, tablesInColumns: true })
  const found = tablesIn(value)
  const [only] = found
  if (only === undefined) throw noTable(view, path)
  if (found.length === 1) return only.columns
  throw severalTables(
    view,
    found.map(one => one.path),
  )
}

interface FoundTable {
  readonly path: string
  readonly columns: ColumnarTable
}

function tablesIn(value: unknown): readonly FoundTable[] {
  const found: FoundTable[] = []
  const open: { readonly value: unknown; readonly path: string }[] = [{ value, path: '' }]
  for (let looked = 0; looked < mostLookedAt; looked++) {
    const next = open.pop()
    if (next === undefined) break
    if (typeof next.value !== 'object' || next.value === null) continue
    if (next.value instanceof ColumnarHolder) found.push({ path: next.path, columns: next.value.columns })
    else for (const [part, segment] of partsOf(next.value)) open.push({ value: part, path: joinPath(next.path, segment) })
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Each with the segment that a path names it by. What is in a Set, or behind a key that is an object, no path reaches. */
const partsOf = (value: object): readonly (readonly [unknown, string])[] => {
  if (Array.isArray(value)) return value.map((part, at) => [part, `[${at}]`] as const)
  if (value instanceof Map)
    return [...value].flatMap(([key, part]: [unknown, unknown]) =>
      (typeof key === 'object' && key !== null) || typeof key === 'bigint' ? [] : [[part, mapSegment(key)] as const],
    )
  return ArrayBuffer.isView(value) || value instanceof Set
    ? []
    : Object.entries(value).map(([key, part]) => [part, propertySegment(key)] as const)
}

const mapSegment = (key: unknown): string => `[map key ${typeof key === 'string' ? JSON.stringify(key) : String(key)}]`

const noTable = (view: CheckpointView, path: string | undefined): WaymarkError =>
  new WaymarkError('invalid', {
    message: `checkpoint ${view.id} holds no table${path === undefined ? '' : ` at ${path}`}`,
    means: 'Nothing was read or changed.',
    remedy: 'Save it as a table, with table(rows) around it or as rows; or export the value with --format json.',
    details: { checkpoint: view.id, encoding: view.encoding, ...(path === undefined ? {} : { path }) },
  })

const severalTables = (view: CheckpointView, paths: readonly string[]): WaymarkError =>
  new WaymarkError('invalid', {
    message: `checkpoint ${view.id} holds ${paths.length} tables: ${paths.slice(0, mostTold).join(', ')}${paths.length > mostTold ? ' …' : ''}`,
    means: 'Nothing was read or changed.',
    remedy: `Say which one: --path ${paths[0] ?? ''}`,
    details: { checkpoint: view.id, paths: paths.slice(0, mostTold) },
  })
