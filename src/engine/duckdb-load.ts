import { setImmediate } from 'node:timers/promises'
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { WaymarkError } from '../model/errors.ts'
import { type CellReader, cellReader } from '../tables/arrow-cell.ts'
import type { ReadableTable } from '../tables/batch-source.ts'
import { duckDBBindings } from './duckdb-bindings.ts'
import { type DuckDBTarget, duckDBTarget, quotedName } from './duckdb-column.ts'
import { vectorFiller } from './duckdb-fill.ts'
import type { DuckDBLibrary } from './duckdb-library.ts'

/** Rows of a chunk of DuckDB. */
const chunkRows = 2048

/**
 * Makes a table in DuckDB with the rows of this one, every type kept.
 *
 * @throws WaymarkError `unsupported` naming the column that DuckDB has no type for
 */
export async function loadIntoDuckDB(
  library: DuckDBLibrary,
  connection: DuckDBConnection,
  name: string,
  { fields, batches }: ReadableTable,
): Promise<void> {
  if (fields.length === 0) throw noColumns()
  const targets = fields.map(field => duckDBTarget(library, field))
  const columns = fields.map((field, at) => `${quotedName(field.name)} ${targets[at]?.sql}`)
  await connection.run(`CREATE TABLE ${quotedName(name)} (${columns.join(', ')})`)
  const appender = await connection.createAppender(name)
  const types = fields.map((_, at) => appender.columnType(at))
  const bindings = duckDBBindings()
  for await (const { rowCount, columns: data } of batches) {
    const writers = fields.map((field, at) => {
      const column = data[at]
      if (column === undefined) throw new RangeError('a batch lacks a column')
      const fill = bindings && vectorFiller(bindings, field, column)
      if (bindings === undefined || fill === undefined)
        return cellWriter(cellReader(field.type, column), giverOf(targets, at), at)
      return (chunk: DuckDBDataChunk, from: number, length: number): void =>
        fill(bindings.data_chunk_get_vector(chunk.chunk, at), from, length)
    })
    for (let from = 0; from < rowCount; from += chunkRows) {
      const length = Math.min(chunkRows, rowCount - from)
      const chunk = library.DuckDBDataChunk.create(types, length)
      for (const write of writers) write(chunk, from, length)
      appender.appendDataChunk(chunk)
      if ((from / chunkRows) % 16 === 15) await setImmediate()
    }
  }
  appender.closeSync()
}

/** Value by value: for types that DuckDB lays out in its own way. */
const cellWriter =
  (read: CellReader, give: DuckDBTarget['give'], column: number) =>
  (chunk: DuckDBDataChunk, from: number, length: number): void =>
    chunk.setColumnValues(
      column,
      Array.from({ length }, (_, row) => give(read(from + row))),
    )

function giverOf(targets: readonly DuckDBTarget[], at: number): DuckDBTarget['give'] {
  const target = targets[at]
  if (target === undefined) throw new RangeError('a table has more columns than types')
  return target.give
}

const noColumns = (): WaymarkError =>
  new WaymarkError('unsupported', {
    message: 'the table has no columns, and DuckDB has no such tables',
    means: 'Nothing was asked; the store was not changed.',
    remedy: 'Ask of a checkpoint whose table has columns.',
  })
