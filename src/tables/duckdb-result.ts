import { WaymarkError } from '../model/errors.ts'
import type { Cell } from './arrow-cell.ts'
import { columnOfCells } from './arrow-column.ts'
import type { ColumnarTable, ColumnData, RowBatch } from './columnar.ts'
import { type DuckDBColumn, type DuckDBColumnType, duckDBColumn } from './duckdb-type.ts'
import { type DuckDBVectorShape, vectorTaker } from './duckdb-vector.ts'

/** What is used of a result of `@duckdb/node-api`. */
export interface DuckDBResultShape {
  deduplicatedColumnNames(): readonly string[]
  columnTypes(): readonly DuckDBColumnType[]
  fetchChunk(): Promise<DuckDBChunk | null>
}

interface DuckDBChunk {
  readonly rowCount: number
  readonly columnCount: number
  getColumnVector(column: number): DuckDBVectorShape
  getColumnValues(column: number): readonly unknown[]
}

/** Chunks hold 2,048 rows; so many make a batch. */
const batchChunks = 32

export function isDuckDBResult(value: object): value is DuckDBResultShape {
  return ['deduplicatedColumnNames', 'columnTypes', 'fetchChunk'].every(name => typeof Reflect.get(value, name) === 'function')
}

/** Results whose rows were taken: the library gives them once, and then none. */
const taken = new WeakSet<object>()

/**
 * Takes over what is left of a result: every type exactly.
 *
 * @throws WaymarkError `invalid` if nothing is left of a result that had rows; `unsupported` naming the column whose type or value cannot be kept
 */
export async function columnarOfDuckDB(result: DuckDBResultShape): Promise<ColumnarTable> {
  if (taken.has(result)) throw takenBefore()
  taken.add(result)
  const types = result.columnTypes()
  const columns = result.deduplicatedColumnNames().map((name, at) => {
    const type = types[at]
    if (type === undefined) throw new RangeError(`a result has no type for its column ${name}`)
    return duckDBColumn(name, type)
  })
  const batches: RowBatch[] = []
  let takers: readonly ColumnTaker[] | undefined
  let rows = 0
  const close = (): void => {
    if (rows > 0) batches.push({ rowCount: rows, columns: (takers ?? []).map(taker => taker.take()) })
    rows = 0
  }
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) break
    takers ??= columns.map((column, at) => columnTaker(column, chunk, at))
    for (const [at, { field }] of columns.entries()) {
      try {
        takers[at]?.add(chunk)
      } catch (error) {
        throw refused(field.name, error)
      }
    }
    rows += chunk.rowCount
    if (rows >= batchChunks * 2048) close()
  }
  close()
  const all: unknown = Reflect.get(result, 'rowCount')
  if (batches.length === 0 && typeof all === 'number' && all > 0) throw takenBefore()
  return {
    fields: columns.map(({ field }) => field),
    batches,
    rowCount: batches.reduce((sum, { rowCount }) => sum + rowCount, 0),
  }
}

interface ColumnTaker {
  add(chunk: DuckDBChunk): void
  take(): ColumnData
}

function columnTaker({ field, take }: DuckDBColumn, first: DuckDBChunk, at: number): ColumnTaker {
  const vectors = vectorTaker(field.type, first.getColumnVector(at), first.rowCount)
  if (vectors !== undefined)
    return { add: chunk => vectors.add(chunk.getColumnVector(at), chunk.rowCount), take: () => vectors.take() }
  let cells: Cell[] = []
  return {
    add: chunk => {
      for (const value of chunk.getColumnValues(at)) cells.push(value === null || value === undefined ? null : take(value))
    },
    take: () => {
      const column = columnOfCells(field.type, cells)
      cells = []
      return column
    },
  }
}

const takenBefore = (): WaymarkError =>
  new WaymarkError('invalid', {
    message: 'the rows of this DuckDB result were taken before: it gives them once',
    means: 'Nothing was saved.',
    remedy: 'Keep the table that was made of it, or run the query again.',
  })

const refused = (column: string, error: unknown): WaymarkError =>
  new WaymarkError('unsupported', {
    message: `the column ${column} of the DuckDB result holds what cannot be kept exactly: ${error instanceof Error ? error.message : String(error)}`,
    means: 'Nothing was saved.',
    remedy: 'Cast it in the query, for instance to VARCHAR.',
    cause: error,
    details: { column },
  })
