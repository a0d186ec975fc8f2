import type { ColumnarTable, ColumnField, RowBatch } from './columnar.ts'
import type { FilledBatch } from './rows-in-batches.ts'
import type { RowsTable } from './table-from-rows.ts'

/** A table that comes batch by batch. */
export interface BatchSource {
  /** All batches, once. Each is its taker's own, and nobody's else afterwards. */
  batches(): AsyncIterable<FilledBatch>
  /** The columns: known with the first batch, or when there is none. */
  readonly fields: readonly ColumnField[]
  readonly metadata?: ReadonlyMap<string, string> | undefined
  /** How the rows come back: known when all batches are there. Undefined for an Arrow table. */
  readonly rows: Pick<RowsTable, 'plans' | 'shapes'> | undefined
  /** Whether the columns are those of a schema that the user gave. */
  readonly hasSchema: boolean
}

/** A table in columns, all there or read batch by batch, then once. */
export interface ReadableTable extends Omit<ColumnarTable, 'batches'> {
  readonly batches: Iterable<RowBatch> | AsyncIterable<RowBatch>
  /** Hash of the content in hex, where it is known without looking at all of it. */
  readonly digest?: string
}
