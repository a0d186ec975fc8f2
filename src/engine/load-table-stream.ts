import { TableStreamReader } from '../format/table-stream-reader.ts'
import type { CheckpointRecord, CheckpointTable } from '../model/checkpoint.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { isArrowBatch } from '../tables/arrow-batches.ts'
import { arrowBatchesOf } from '../tables/arrow-bridge.ts'
import type { ReadableTable } from '../tables/batch-source.ts'
import type { RowBatch } from '../tables/columnar.ts'
import type { ReadTableHead } from '../tables/read-stored-table.ts'
import { markTable } from '../tables/table-mark.ts'
import { TableStream } from '../tables/table-stream.ts'
import { tableToRows } from '../tables/table-to-rows.ts'
import { plainRows } from './diff-tables.ts'
import { flattened } from './flattened.ts'
import { otherTables } from './read-checkpoint-bytes.ts'
import type { StoreCore } from './store-core.ts'
import { noteStored, type OpenTable } from './stored-table-source.ts'
import { streamBytes } from './stream-checkpoint.ts'

/** What the record says of a table that a checkpoint is, where it is loaded as a `TableStream`; undefined for anything else. */
export function streamedTable({ encoding, tables }: CheckpointRecord | CheckpointView): CheckpointTable | undefined {
  const [table] = tables ?? []
  return encoding === 'cbor' && table?.path === '' && table.streamed === true ? table : undefined
}

/** Rows, those of a batch together; or batches of Arrow. */
export type RowLists = AsyncIterable<readonly object[]>

/**
 * The table that a checkpoint is. Nothing is read before its rows are asked for.
 *
 * @param around what to do with damage, which is found then
 */
export function loadTableStream(
  core: StoreCore,
  checkpoint: CheckpointRecord | CheckpointView,
  { facts }: CheckpointTable,
  around: (rows: RowLists) => RowLists = rows => rows,
): TableStream<object> {
  const rows = (): AsyncIterator<object> => flattened(around(rowsOf(core, checkpoint)))
  const stream = new TableStream({ [Symbol.asyncIterator]: rows }, facts)
  markTable(stream, { schema: undefined })
  noteStored(stream, () => opened(core, checkpoint))
  return stream
}

async function* rowsOf(core: StoreCore, checkpoint: CheckpointRecord | CheckpointView): AsyncIterableIterator<readonly object[]> {
  const { reader, head } = opened(core, checkpoint)
  const { fields, metadata, rows } = await head
  if (rows === undefined) {
    const columns = { fields, ...(metadata === undefined ? {} : { metadata }), batches: columnsOf(reader) }
    for await (const batch of arrowBatchesOf(columns)) yield [batch]
    return
  }
  for await (const { batch, side } of reader.batches()) {
    const { rowCount } = batch
    yield tableToRows({ table: { fields, batches: [batch], rowCount }, ...rows, sides: [side] })
  }
}

/** The same in columns, whatever form was given. */
export async function streamedColumns(core: StoreCore, checkpoint: CheckpointRecord | CheckpointView): Promise<ReadableTable> {
  const { reader, head } = opened(core, checkpoint)
  const { fields, metadata, rowCount, digest } = await head
  return { fields, ...(metadata === undefined ? {} : { metadata }), rowCount, digest, batches: columnsOf(reader) }
}

/** The rows of a table that a checkpoint is, as plain objects in any case. */
export function loadPlainRows(
  core: StoreCore,
  checkpoint: CheckpointRecord | CheckpointView,
  table: CheckpointTable,
  around?: (rows: RowLists) => RowLists,
): AsyncIterable<unknown> {
  const stream = loadTableStream(core, checkpoint, table, around)
  return table.form === 'rows' ? stream : plainRowsOf(stream)
}

/** The rows as plain objects, also of a table that was given in batches of Arrow. */
export async function* plainRowsOf(stream: TableStream<object>): AsyncIterableIterator<unknown> {
  for await (const row of stream) {
    if (isArrowBatch(row)) yield* plainRows(row)
    else yield row
  }
}

function opened(core: StoreCore, checkpoint: CheckpointRecord | CheckpointView): ReturnType<OpenTable> {
  const reader = new TableStreamReader(streamBytes(core, checkpoint), checkpoint.logicalBytes)
  return { reader, head: headOf(reader, checkpoint) }
}

async function headOf(reader: TableStreamReader, checkpoint: CheckpointRecord | CheckpointView): Promise<ReadTableHead> {
  try {
    const head = await reader.head()
    const table = streamedTable(checkpoint)
    if (table !== undefined && table.digest !== head.digest) throw otherTables(checkpoint, table)
    return head
  } catch (error) {
    await reader.close()
    throw error
  }
}

async function* columnsOf(reader: TableStreamReader): AsyncIterableIterator<RowBatch> {
  for await (const { batch } of reader.batches()) yield batch
}
