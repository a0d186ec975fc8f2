import { setImmediate } from 'node:timers/promises'
import * as zlib from 'node:zlib'
import type { CompressionCodec, SchemaElement } from 'hyparquet'
import type { ColumnSource } from 'hyparquet-writer'
import type { ParquetColumn, ParquetRow, ParquetType } from './parquet-columns.ts'

export type ParquetCompression = 'snappy' | 'zstd' | 'gzip' | 'none'

/** Under this name a part says which of its columns hold what JavaScript tells apart and Parquet does not. */
export const columnsKey = 'waymark.columns'

const codecs: Readonly<Record<ParquetCompression, CompressionCodec>> = {
  snappy: 'SNAPPY',
  zstd: 'ZSTD',
  gzip: 'GZIP',
  none: 'UNCOMPRESSED',
}

export const isParquetCompression = (name: unknown): name is ParquetCompression =>
  typeof name === 'string' && Object.hasOwn(codecs, name)

/** Rows of a row group: what a reader holds in memory at a time. */
const groupRows = 50_000

/** A whole Parquet file. Timers and input get their turn between row groups. */
export async function encodeParquet(
  rows: { readonly length: number; slice(from: number, to: number): readonly ParquetRow[] },
  columns: readonly ParquetColumn[],
  compression: ParquetCompression,
): Promise<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer')
  const writer = new ByteWriter()
  const file = new ParquetWriter({
    writer,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.map(schemaElement)],
    codec: codecs[compression],
    compressors: { GZIP: bytes => zlib.gzipSync(bytes), ZSTD: bytes => zlib.zstdCompressSync(bytes) },
    kvMetadata: [{ key: columnsKey, value: JSON.stringify(columns) }],
    createdBy: 'waymark',
  })
  for (let from = 0; from < rows.length; from += groupRows) {
    const group = rows.slice(from, from + groupRows)
    await file.write({ columnData: columns.map(column => columnData(column, group)), rowGroupSize: groupRows })
    await setImmediate()
  }
  await file.finish()
  return writer.getBytes()
}

function schemaElement([name, type]: ParquetColumn): SchemaElement {
  const column = { name, repetition_type: 'OPTIONAL' } as const
  switch (type) {
    case 'BOOLEAN':
    case 'INT32':
    case 'INT64':
    case 'DOUBLE':
      return { ...column, type }
    case 'INTEGER':
      return { ...column, type: 'INT64' }
    case 'STRING':
      return { ...column, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } }
    case 'TIMESTAMP':
      return {
        ...column,
        type: 'INT64',
        converted_type: 'TIMESTAMP_MILLIS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
      }
    case 'BINARY':
      return { ...column, type: 'BYTE_ARRAY' }
    case 'JSON':
      // Without the converted type, which makes the library encode values by itself, with losses.
      return { ...column, type: 'BYTE_ARRAY', logical_type: { type: 'JSON' } }
  }
}

function columnData([name, type]: ParquetColumn, rows: readonly ParquetRow[]): ColumnSource {
  const data = rows.map(row => (Object.hasOwn(row, name) ? stored(type, row[name]) : null))
  // Its dictionary takes -0 and 0 for one.
  const plain = type === 'DOUBLE' && data.some(value => Object.is(value, -0))
  return { name, data, ...(plain ? { encoding: 'PLAIN' } : {}), ...(type === 'JSON' ? { statistics: false } : {}) }
}

const encoder = new TextEncoder()

function stored(type: ParquetType, cell: unknown): unknown {
  switch (type) {
    case 'INTEGER':
    case 'INT64':
      return typeof cell === 'number' ? BigInt(cell) : cell
    case 'JSON':
      return encoder.encode(JSON.stringify(cell))
    default:
      return cell
  }
}
