import type { FileMetaData } from 'hyparquet'
import type { FileSystem } from '../files/file-system.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { Cell } from '../tables/arrow-cell.ts'
import { columnOfCells } from '../tables/arrow-column.ts'
import { listOf } from '../tables/cell-parts.ts'
import type { ColumnarTable, ColumnField, ColumnType, RowBatch } from '../tables/columnar.ts'
import { contentHash } from '../tables/content-hash.ts'
import { openInput } from './input-file.ts'
import { parquetCodecs } from './parquet-codecs.ts'
import { type ReadColumn, readColumn, schemaNodes, withoutMarks } from './parquet-column-type.ts'
import { type ParquetUse, reading, UnreadableColumn, unreadable } from './parquet-faults.ts'
import { checkGroup } from './parquet-group.ts'
import { checkParquetNames } from './parquet-names.ts'
import { asyncBuffer, readMetadata } from './parquet-reader.ts'
import { type OwnTable, ownTable } from './parquet-table-types.ts'

export interface ParquetTableSource {
  readonly files: FileSystem
  /** Absolute. */
  readonly path: string
  /** How messages name it. */
  readonly shown: string
  /** Called with the rows read so far, of how many. */
  readonly onProgress?: (rows: number, of: number) => void
}

/** A Parquet file that is open. */
export interface OpenParquetTable extends Omit<ColumnarTable, 'batches'> {
  /** Of a file that Waymark wrote the hash of the content in hex, which is to be found again. */
  readonly ownDigest: string | undefined
  /** A batch for each row group, each read when it is asked for. @throws WaymarkError `invalid` */
  batches(): AsyncIterableIterator<RowBatch>
  /** @throws WaymarkError `invalid` if the content has another hash than a file that Waymark wrote is to have */
  check(digest: string): void
  close(): Promise<void>
}

/**
 * A Parquet file as a table in columns, a batch for each row group. Of a file that Waymark wrote the types are those of the table it was written from, and its content is proven.
 *
 * @throws WaymarkError `not_found`; `invalid` for a file that is damaged, cut off or holds what cannot be kept, `unsupported` for one with two columns of one name; `unavailable`
 */
export async function tableOfParquet(source: ParquetTableSource): Promise<ColumnarTable> {
  const file = await openParquetTable(source)
  try {
    const { fields, metadata } = file
    const batches: RowBatch[] = []
    for await (const batch of file.batches()) batches.push(batch)
    const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0)
    const table = { fields, ...(metadata === undefined ? {} : { metadata }), batches, rowCount }
    if (file.ownDigest !== undefined) file.check(contentHash(table))
    return table
  } finally {
    await file.close()
  }
}

/** The same, batch by batch; to be closed. @throws WaymarkError as {@link tableOfParquet} */
export async function openParquetTable(source: ParquetTableSource): Promise<OpenParquetTable> {
  const { files, path, shown, onProgress } = source
  const use: ParquetUse = { shown, use: 'table' }
  const file = await openInput(files, path, shown)
  try {
    const metadata = await readMetadata(file, use)
    const { columns, own } = await reading(use, async () => columnsOf(metadata, shown))
    const [{ parquetScan }, compressors] = await Promise.all([import('hyparquet'), parquetCodecs()])
    const buffer = await asyncBuffer(file)
    const raw = { ...metadata, schema: metadata.schema.map(withoutMarks) }
    // Without their marks only INT96 is still a time for the library.
    const parsers = { timestampFromNanoseconds: (value: bigint) => value }
    const scan = await reading(use, async () => parquetScan({ file: buffer, metadata: raw, compressors, utf8: false, parsers }))
    const rowsOf = ({ rowStart, rowEnd }: { readonly rowStart: number; readonly rowEnd: number }): number => rowEnd - rowStart
    async function* batches(): AsyncIterableIterator<RowBatch> {
      let rows = 0
      for (const [group, range] of scan.ranges.entries()) {
        await reading(use, () => checkGroup(file, metadata, metadata.row_groups[group], compressors))
        const rowCount = rowsOf(range)
        const data: RowBatch['columns'][number][] = []
        for (const { field, take } of columns) {
          const values = await reading(use, () => scan.readColumn({ column: field.name, ...range }), field.name)
          if (values.length !== rowCount)
            throw unreadable(use, `a row group has ${rowCount} rows, but ${values.length} values of ${field.name}`)
          data.push(await reading(use, async () => columnOfCells(field.type, cellsOf(values, take, field))))
        }
        if (rowCount > 0) yield { rowCount, columns: data }
        rows += rowCount
        onProgress?.(rows, Number(metadata.num_rows))
      }
    }
    return {
      fields: columns.map(({ field }) => field),
      ...(own?.metadata === undefined ? {} : { metadata: own.metadata }),
      rowCount: scan.ranges.reduce((sum, range) => sum + rowsOf(range), 0),
      ownDigest: own?.digest,
      batches,
      check: digest => {
        if (own !== undefined && digest !== own.digest) throw unreadable(use, 'its content is another than was written')
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

function cellsOf(values: ArrayLike<unknown>, take: (raw: unknown) => Cell, { name }: ColumnField): readonly Cell[] {
  try {
    return Array.from(values, take)
  } catch (error) {
    if (isWaymarkError(error) || error instanceof UnreadableColumn) throw error
    throw new Error(`a value of ${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function columnsOf(
  metadata: FileMetaData,
  shown: string,
): { readonly columns: readonly ReadColumn[]; readonly own: OwnTable | undefined } {
  const nodes = schemaNodes(metadata.schema)
  checkParquetNames(nodes, shown)
  const found = nodes.map(readColumn)
  const own = ownTable(metadata)
  if (own === undefined) return { columns: found, own }
  return {
    own,
    columns: found.map((column, at) => {
      const field = own.fields[at]
      return field === undefined ? column : { field, take: raw => owned(field.type, column.take(raw)) }
    }),
  }
}

/** What Parquet has in another unit, in that of the table. */
function owned(type: ColumnType, cell: Cell): Cell {
  if (cell === null) return null
  switch (type.kind) {
    case 'date':
      return type.unit === 'ms' && typeof cell === 'number' ? BigInt(cell) * 86_400_000n : cell
    case 'time':
      return type.unit === 's' && typeof cell === 'number' ? cell / 1000 : cell
    case 'timestamp':
      return type.unit === 's' && typeof cell === 'bigint' ? cell / 1000n : cell
    case 'list':
    case 'fixed-list':
      return listOf(cell).map(item => owned(type.item.type, item))
    case 'map':
      return listOf(cell).map(entry => owned(type.entries.type, entry))
    case 'struct':
      return listOf(cell).map((part, at) => owned(type.fields[at]?.type ?? { kind: 'null' }, part))
    case 'dictionary':
      return owned(type.values, cell)
    default:
      return cell
  }
}
