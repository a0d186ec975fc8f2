import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import { WaymarkError } from '../model/errors.ts'
import { type ItemSource, type SourceContext, sourceBrand } from './item-source.ts'
import { UnfitValue } from './sql-errors.ts'
import { BatchSize, checkQuery, queryRecord, type SqlQueryOptions } from './sql-query.ts'
import { valueBytes } from './sql-row.ts'
import { sqliteError } from './sqlite-errors.ts'
import { checkLocation, SqliteHandle, type SqliteLocation, shownLocation } from './sqlite-handle.ts'
import { sqliteValue } from './sqlite-value.ts'

/**
 * The rows of a query as items, read about a megabyte at a time: whole numbers beyond 2^53 as BigInt, BLOBs as Uint8Array. Each attempt asks again, so the items need a `key`, unless a
 * `fingerprint` says that the result is the same.
 *
 * Where the journal is no WAL, an open query would keep every writer of the database waiting: the rows are copied to a temporary table of SQLite's (a file) first.
 *
 * @example
 * const rows = sqliteQuery<Order>('data/shop.db', 'SELECT * FROM orders WHERE day = ?', ['2026-11-20'])
 * await run.each('score', rows, enrich, { key: order => order.id })
 * @throws WaymarkError `invalid`
 */
export function sqliteQuery<R = Record<string, unknown>>(
  database: string | DatabaseSync,
  sql: string,
  params: readonly unknown[] = [],
  options: SqlQueryOptions = {},
): ItemSource<R> {
  const location = checkLocation('sqliteQuery', database)
  const query = checkQuery('sqliteQuery', sql, params, options)
  const shown = shownLocation(location)
  const values = params.map((param, at) => parameter(param, at))
  return {
    [sourceBrand]: true,
    shown,
    open: async context => ({
      record: await queryRecord(shown, query, params, options),
      total: undefined,
      batches: () => batches(location, query, values, { shown, context }),
    }),
  }
}

function parameter(value: unknown, at: number): SQLInputValue {
  try {
    return sqliteValue(value)
  } catch (error) {
    if (!(error instanceof UnfitValue)) throw error
    throw new WaymarkError('invalid', {
      message: `parameter ${at + 1} of sqliteQuery: ${error.message}`,
      means: 'Nothing was read.',
      remedy: 'Pass what SQLite can compare: numbers, text, bytes, null.',
    })
  }
}

type Row = Record<string, SQLOutputValue>

async function* batches(
  location: SqliteLocation,
  query: string,
  values: readonly SQLInputValue[],
  { shown, context }: { readonly shown: string; readonly context: SourceContext },
): AsyncIterable<readonly unknown[]> {
  const place = { shown, stage: shown }
  const handle = await SqliteHandle.open(location, { ...context, ...place, readOnly: true })
  try {
    const statement = handle.database.prepare(query)
    statement.setReadBigInts(true)
    const rows = rowsOf(statement, values)
    if (blocksWriters(handle)) yield* throughCopy(handle, rows)
    else for (const batch of rows) yield batch
  } catch (error) {
    throw sqliteError(error, place)
  } finally {
    handle.close()
  }
}

/** Batches, each read in one stretch. */
function* rowsOf(statement: StatementSync, values: readonly SQLInputValue[]): Iterable<readonly Row[]> {
  const size = new BatchSize()
  let batch: Row[] = []
  let bytes = 0
  for (const row of statement.iterate(...values)) {
    const item = plainRow(row)
    batch.push(item)
    bytes += valueBytes(item)
    if (batch.length < size.rows) continue
    size.read(batch.length, bytes)
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

/** Whole numbers are read as BigInt, since SQLite refuses to give large ones as numbers. */
function plainRow(row: Row): Row {
  const item: Row = {}
  for (const name of Object.keys(row)) {
    const value = row[name] ?? null
    const small = typeof value === 'bigint' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
    // A column may be called __proto__.
    Object.defineProperty(item, name, {
      value: small ? Number(value) : value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  return item
}

const blocksWriters = (handle: SqliteHandle): boolean =>
  ['delete', 'truncate', 'persist'].includes(String(handle.database.prepare('PRAGMA journal_mode').get()?.['journal_mode']))

let copies = 0

async function* throughCopy(handle: SqliteHandle, rows: Iterable<readonly Row[]>): AsyncIterable<readonly unknown[]> {
  const { database } = handle
  const table = `temp.waymark_items_${++copies}`
  database.exec(`CREATE TABLE ${table} (position INTEGER PRIMARY KEY, items BLOB NOT NULL)`)
  try {
    const put = database.prepare(`INSERT INTO ${table} (items) VALUES (?)`)
    for (const batch of rows) {
      put.run(encodeValue(batch))
      // A large result is not copied in one stretch: leases are renewed meanwhile.
      await new Promise(resolve => setImmediate(resolve))
    }
    const get = database.prepare(`SELECT items FROM ${table} WHERE position = ?`)
    for (let position = 1; ; position++) {
      const items = get.get(position)?.['items']
      if (!(items instanceof Uint8Array)) return
      const batch: unknown = decodeValue(items)
      if (Array.isArray(batch)) yield batch
    }
  } finally {
    if (database.isOpen) database.exec(`DROP TABLE IF EXISTS ${table}`)
  }
}
