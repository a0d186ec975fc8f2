import { type CanonicalColumn, canonicalColumn } from './canonical-column.ts'
import { ColumnSpace } from './column-space.ts'
import type { ColumnarTable } from './columnar.ts'
import { ContentHashStream } from './content-hash-stream.ts'
import { hashColumn } from './hash-column.ts'
import { hashHeader } from './hash-header.ts'
import { rowOrder } from './row-order.ts'

/**
 * The SHA-256, in hex, of what a table holds: names and types of its columns in their order, and its rows in no order, each as often as it is there. Defined in docs/table-hash.md so that other
 * languages can compute it.
 *
 * How the table is held does not matter: order of rows, batches, dictionaries, 32 or 64 bits of offsets, bytes where there is no value, and what a schema says beyond names and types (metadata,
 * whether nulls are allowed). All NaNs are the same, 0 and -0 are not; null, an empty text and an empty list are three things.
 *
 * Takes, beside the table, 20 bytes a row, a copy of what is held in several batches, and one of the largest column.
 *
 * @param table Valid: its buffers hold what its counts and offsets say.
 * @throws WaymarkError `limit` for a single value of more than 4 GiB.
 * @example
 * contentHash(july) === contentHash(julyInAnotherOrder) // true
 */
export function contentHash(table: ColumnarTable): string {
  return contentHashByKey(table, 0xffff_ffff)
}

/** @param keyMask Bits of the rows' keys that count. Another mask gives another hash: for tests, which want rows to share keys. */
export function contentHashByKey(table: ColumnarTable, keyMask: number): string {
  const columns = table.fields.map((_, at) => canonicalColumn(table, at))
  const header = hashHeader(table)
  const stream = new ContentHashStream(columns.reduce((sum, column) => sum + expectedBytes(column), header.length))
  const at = stream.reserve(header.length)
  stream.bytes.set(header, at)
  const order = rowOrder(columns, table.rowCount, keyMask)
  const space = new ColumnSpace()
  for (const column of columns) hashColumn(stream, column, order, space)
  return stream.digest()
}

function expectedBytes(column: CanonicalColumn): number {
  return 32 + column.bytes.length + 5 * column.rowCount
}
