import { setImmediate } from 'node:timers/promises'
import type { ColumnSource } from 'hyparquet-writer'
import { cellReader } from '../tables/arrow-cell.ts'
import type { ReadableTable } from '../tables/batch-source.ts'
import type { ColumnarTable, ColumnData, ColumnType, RowBatch } from '../tables/columnar.ts'
import { contentHash } from '../tables/content-hash.ts'
import { mustDiffer, type ParquetField, parquetField, unsupported } from './parquet-table-schema.ts'
import { tableKey } from './parquet-table-types.ts'

/** Rows of a row group: what a reader holds in memory at a time, and this writer too. */
const groupRows = 65_536
/** Wide rows come in smaller groups. */
const groupBytes = 64 * 1024 * 1024

/**
 * A table as a Parquet file, piece by piece: memory holds one row group. Timers and input get their turn between row groups.
 *
 * @throws WaymarkError `unsupported` naming the column that Parquet has no form for, before anything is given where the types say so
 */
export async function* parquetOfTable(table: ReadableTable): AsyncIterableIterator<Uint8Array> {
  const { fields, batches } = table
  if (fields.length === 0) throw unsupported('the table has no columns, and a Parquet file needs one', '')
  mustDiffer(
    fields.map(({ name }) => name),
    '',
  )
  const columns = fields.map(field => parquetField(field))
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer')
  const writer = new ByteWriter()
  const file = new ParquetWriter({
    writer,
    schema: [{ name: 'schema', num_children: fields.length }, ...columns.flatMap(({ elements }) => elements)],
    kvMetadata: [{ key: tableKey, value: describedTable(table) }],
    createdBy: 'waymark',
  })
  for await (const batch of batches) {
    const most = rowsOfGroup(batch)
    for (let from = 0; from < batch.rowCount; from += most) {
      const to = Math.min(from + most, batch.rowCount)
      const columnData = columns.map((column, at) => columnSource(fields[at], column, batch.columns[at], from, to))
      await file.write({ columnData, rowGroupSize: most })
      yield taken(writer)
      await setImmediate()
    }
  }
  await file.finish()
  yield taken(writer)
}

function columnSource(
  field: ColumnarTable['fields'][number] | undefined,
  { give, ordered }: ParquetField,
  data: ColumnData | undefined,
  from: number,
  to: number,
): ColumnSource {
  if (field === undefined || data === undefined) throw new RangeError('a batch lacks a column')
  const read = cellReader(field.type, data)
  const values: unknown[] = []
  for (let row = from; row < to; row++) values.push(give(read(row)))
  // A dictionary takes -0 and 0 for one; bounds are told where every reader orders them alike.
  return { name: field.name, data: values, statistics: ordered, ...(holdsFloats(field.type) ? { encoding: 'PLAIN' } : {}) }
}

function holdsFloats(type: ColumnType): boolean {
  switch (type.kind) {
    case 'float':
      return true
    case 'list':
    case 'fixed-list':
      return holdsFloats(type.item.type)
    case 'map':
      return holdsFloats(type.entries.type)
    case 'struct':
      return type.fields.some(field => holdsFloats(field.type))
    case 'dictionary':
      return holdsFloats(type.values)
    default:
      return false
  }
}

function rowsOfGroup({ rowCount, columns }: RowBatch): number {
  const bytes = columns.reduce((sum, column) => sum + bytesOf(column), 0)
  return Math.max(1, Math.min(groupRows, Math.floor(groupBytes / Math.max(1, bytes / Math.max(1, rowCount)))))
}

const bytesOf = ({ values, offsets, children = [] }: ColumnData): number =>
  children.reduce((sum, child) => sum + bytesOf(child), (values?.length ?? 0) + (offsets?.length ?? 0))

/** What was written since the last time. */
function taken(writer: { index: number; getBytes(): Uint8Array }): Uint8Array {
  const bytes = Uint8Array.from(writer.getBytes())
  writer.index = 0
  return bytes
}

/** What Parquet loses of types, and a digest of the content, since pages have none: kept as JSON beside them. */
function describedTable(table: ReadableTable): string {
  const { fields, metadata, batches } = table
  const plain = (_: string, value: unknown): unknown => (value instanceof Map ? [...value] : value)
  const digest = table.digest ?? contentHash({ ...table, batches: inMemory(batches) })
  return JSON.stringify({ version: 1, fields, ...(metadata === undefined ? {} : { metadata }), digest }, plain)
}

function inMemory(batches: ReadableTable['batches']): readonly RowBatch[] {
  if (Symbol.iterator in batches) return [...batches]
  throw new TypeError('a table that is read batch by batch says what its digest is')
}
