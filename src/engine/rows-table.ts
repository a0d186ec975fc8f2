import { WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import type { ColumnarTable, ColumnField, ColumnType, RowBatch } from '../tables/columnar.ts'
import { rowsPerBatch, tableFromRows } from '../tables/table-from-rows.ts'
import { typeText } from '../tables/type-text.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import type { StoreCore } from './store-core.ts'
import { streamRows } from './stream-checkpoint.ts'

/** Up to this all rows at once are quicker: they are read and put into columns once instead of twice. */
const wholeBytes = 64 * 1024 * 1024
/** Encoded rows beyond this would take several GiB as objects at once. */
const mostBytesAtOnce = 512 * 1024 * 1024

/**
 * The rows of a checkpoint in columns: read twice, a batch at a time, so that only the columns are in memory. Where only all values together say the type of a column
 * (nested ones, bigints), all rows are.
 *
 * @param wholeUpToBytes encoded rows up to which all are read at once, once
 * @throws WaymarkError `invalid` for a column of several kinds, `limit` if there are too many rows to look at together, `corrupt`
 */
export async function rowsTable(
  core: StoreCore,
  view: CheckpointView,
  wholeUpToBytes: number = wholeBytes,
): Promise<ColumnarTable> {
  const fields = view.logicalBytes <= wholeUpToBytes ? undefined : await fieldsOf(core, view)
  if (fields !== undefined) return inBatches(core, view, fields)
  if (view.logicalBytes > mostBytesAtOnce) throw tooMany(view)
  const rows = await readCheckpoint(core, view)
  return tableFromRows(Array.isArray(rows) ? rows : [], undefined).table
}

async function inBatches(core: StoreCore, view: CheckpointView, fields: readonly ColumnField[]): Promise<ColumnarTable> {
  const batches: RowBatch[] = []
  for await (const rows of batchesOf(core, view)) batches.push(...tableFromRows(rows, fields).table.batches)
  return { fields, batches, rowCount: batches.reduce((sum, { rowCount }) => sum + rowCount, 0) }
}

/** What all rows have together; undefined if single batches do not tell. */
async function fieldsOf(core: StoreCore, view: CheckpointView): Promise<readonly ColumnField[] | undefined> {
  const known = new Map<string, ColumnField>()
  for await (const rows of batchesOf(core, view)) {
    const found = fieldsIn(rows)
    if (found === undefined) return undefined
    for (const field of found) {
      const type = joined(known.get(field.name)?.type ?? field.type, field.type)
      if (type === undefined || !tellsItself(type)) return undefined
      known.set(field.name, { ...field, type, nullable: true })
    }
  }
  return [...known.values()]
}

/** Nothing if they fit no columns: where in all rows that is, a look at all of them tells. */
function fieldsIn(rows: readonly unknown[]): readonly ColumnField[] | undefined {
  try {
    return tableFromRows(rows, undefined).table.fields
  } catch {
    return undefined
  }
}

/** Whether values of this type can be told from those of others one by one. */
function tellsItself(type: ColumnType): boolean {
  return ['null', 'bool', 'float', 'utf8', 'binary', 'timestamp'].includes(type.kind) || isWhole(type, 32)
}

const isWhole = (type: ColumnType, bits: number): boolean => type.kind === 'int' && type.signed && type.bits === bits

/** The narrowest that holds values of both. */
function joined(first: ColumnType, second: ColumnType): ColumnType | undefined {
  if (first.kind === 'null' || typeText(first) === typeText(second)) return second
  if (second.kind === 'null') return first
  const numbers = [first, second]
  if (numbers.every(type => type.kind === 'float' || isWhole(type, 32))) return { kind: 'float', bits: 64 }
  return undefined
}

async function* batchesOf(core: StoreCore, view: CheckpointView): AsyncIterableIterator<readonly unknown[]> {
  let rows: unknown[] = []
  for await (const row of streamRows(core, view)) {
    if (rows.push(row) < rowsPerBatch) continue
    yield rows
    rows = []
  }
  if (rows.length > 0) yield rows
}

const tooMany = (view: CheckpointView): WaymarkError =>
  new WaymarkError('limit', {
    message: `the types of the columns of checkpoint ${view.id} follow from all of its rows together, and these are more than fit into memory`,
    means: 'Nothing was written.',
    remedy: 'Export the rows as jsonl, which is done row by row.',
    details: { checkpoint: view.id, logicalBytes: view.logicalBytes },
  })
