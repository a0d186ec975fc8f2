import type { Table } from 'apache-arrow'
import { WaymarkError } from '../model/errors.ts'
import { arrowOfColumnar, columnarOfArrow, isArrowTable } from './arrow-bridge.ts'
import { arrowLibrary } from './arrow-library.ts'
import { checkIpcFrame } from './check-ipc-frame.ts'
import { columnarOfDuckDB, isDuckDBResult } from './duckdb-result.ts'
import type { ArrowTableLike } from './table.ts'

/**
 * An `apache-arrow` table of what holds one in another form: bytes in Arrow's IPC format (stream or file), an arquero table, a polars DataFrame, a result of `@duckdb/node-api` (what is left
 * of it: taken once, it is empty), or a table of another copy of `apache-arrow`. Types are kept: what cannot be is refused.
 *
 * @throws WaymarkError `invalid` for anything else, bytes that are no whole Arrow, or a result that was taken before, `unsupported` if `apache-arrow` is not installed or a type cannot be kept
 *
 * @typeParam T the `Table` of `apache-arrow`, where its methods are to be used
 *
 * @example
 * const result = await connection.run('select * from prices')
 * await store.save({ value: table(await arrowTableFrom(result)) })
 */
export async function arrowTableFrom<T extends ArrowTableLike = ArrowTableLike>(value: object): Promise<T> {
  // Which `Table` the caller means is for it to say: the types of the package must not need `apache-arrow`, which not every user has.
  return (await arrowTable(value)) as ArrowTableLike as T
}

async function arrowTable(value: object): Promise<Table> {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer)
    return fromBytes(value instanceof Uint8Array ? value : new Uint8Array(value))
  if (isArrowTable(value)) return checked(arrowOfColumnar(columnarOfArrow(value)))
  if (isDuckDBResult(value)) return checked(arrowOfColumnar(await columnarOfDuckDB(value)))
  // arquero
  const arquero = call(value, 'toArrowIPC')
  if (arquero instanceof Uint8Array) return fromBytes(arquero)
  // polars
  const polars = call(value, 'writeIPC')
  if (polars instanceof Uint8Array) return fromBytes(polars)
  throw notATable(value)
}

function fromBytes(bytes: Uint8Array): Table {
  const library = arrowLibrary()
  checkIpcFrame(bytes, 'what was given')
  try {
    return library.tableFromIPC(bytes)
  } catch (error) {
    throw new WaymarkError('invalid', {
      message: `the bytes are no table in Arrow's IPC format: ${error instanceof Error ? error.message : String(error)}`,
      means: 'Nothing was saved.',
      remedy: 'Give the bytes of a whole Arrow stream or file; compressed ones need a codec registered with apache-arrow.',
      cause: error,
    })
  }
}

const call = (value: object, method: string): unknown => {
  const found: unknown = Reflect.get(value, method)
  return typeof found === 'function' ? Reflect.apply(found, value, []) : undefined
}

function checked(table: object): Table {
  if (table instanceof arrowLibrary().Table) return table
  throw new TypeError('apache-arrow gave no table')
}

function notATable(value: object): WaymarkError {
  const rest = { means: 'Nothing was saved.' }
  if (Array.isArray(value))
    return new WaymarkError('invalid', {
      message: 'arrowTableFrom() takes tables of other libraries, not rows',
      ...rest,
      remedy: 'Rows as plain objects go to table() as they are: table(rows).',
    })
  if (typeof Reflect.get(value, 'currentRowCount') === 'number' && typeof Reflect.get(value, 'readAll') === 'function')
    return new WaymarkError('invalid', {
      message: 'no table can be made of a reader of a DuckDB result, which has taken its rows',
      ...rest,
      remedy: 'Pass the result itself: arrowTableFrom(await connection.run(sql)), in place of runAndReadAll.',
    })
  return new WaymarkError('invalid', {
    message: `no table can be made of ${value.constructor?.name ?? 'an object'}`,
    ...rest,
    remedy:
      'Give Arrow IPC bytes, an arquero table, a polars DataFrame, a DuckDB result or an Arrow table; rows as plain objects go to table() as they are.',
  })
}
