import { type TablePlace, unfitTable } from './sql-errors.ts'
import { quoted, type TableChoice } from './sql-options.ts'
import type { SqlColumn } from './sql-row.ts'
import type { SqliteHandle } from './sqlite-handle.ts'
import type { SqliteValue } from './sqlite-value.ts'

/**
 * The table's columns, in a transaction that makes the table first where that is asked for. Empty: it is to be made from the first rows.
 *
 * @throws WaymarkError `invalid` if it is missing, or lacks a column or constraint that the options name
 */
export function readColumns(
  handle: SqliteHandle,
  choice: TableChoice,
  place: TablePlace,
  mayCreate: boolean,
): readonly SqlColumn[] {
  let columns = columnsOf(handle, choice.table)
  if (columns.length === 0 && typeof choice.create === 'string' && mayCreate) {
    handle.database.exec(choice.create)
    columns = columnsOf(handle, choice.table)
  }
  if (columns.length === 0 && choice.create === true) return []
  if (columns.length === 0) {
    throw unfitTable(place, 'does not exist', `Make it first: ${suggestion(choice)}, or give create: true.`)
  }
  const named = [...(choice.columns ?? []), ...choice.key]
  const missing = named.find(name => findColumn(columns, name) === undefined)
  if (missing !== undefined)
    throw unfitTable(place, `has no column ${JSON.stringify(missing)}`, 'Add it, or name another in columns and key.')
  checkKey(handle, choice, place)
  return columns
}

function columnsOf(handle: SqliteHandle, table: string): readonly SqlColumn[] {
  const rows = handle.statement('SELECT name, type, hidden FROM pragma_table_xinfo(?)').all(table)
  return rows.map(({ name, type, hidden }) => ({
    name: String(name),
    type: String(type).toLowerCase(),
    generated: Number(hidden) !== 0,
  }))
}

/** Names of columns do not differ by the case of ASCII letters. */
export function findColumn(columns: readonly SqlColumn[], name: string): SqlColumn | undefined {
  const lower = lowerAscii(name)
  return columns.find(column => lowerAscii(column.name) === lower)
}

const lowerAscii = (name: string): string => name.replaceAll(/[A-Z]/g, letter => letter.toLowerCase())

/** SQLite says at once whether a constraint fits the key. */
function checkKey(handle: SqliteHandle, { table, key }: TableChoice, place: TablePlace): void {
  if (key.length === 0) return
  const names = key.map(quoted).join(', ')
  try {
    handle.database.prepare(
      `INSERT INTO ${quoted(table)} (${names}) VALUES (${key.map(() => '?').join(', ')}) ON CONFLICT (${names}) DO NOTHING`,
    )
  } catch (error) {
    throw unfitTable(
      place,
      `has no UNIQUE constraint on ${key.join(', ')}, which the key needs`,
      `CREATE UNIQUE INDEX ${quoted(`${table}_key`)} ON ${quoted(table)} (${names})`,
      error,
    )
  }
}

const suggestion = ({ table, columns, key }: TableChoice): string =>
  `CREATE TABLE ${quoted(table)} (${[...new Set([...key, ...(columns ?? [])])].map(quoted).join(', ') || '…'}${key.length === 0 ? '' : `, PRIMARY KEY (${key.map(quoted).join(', ')})`})`

/** A table for rows like these. A type is only what SQLite prefers: any column holds any value. */
export function createStatement(
  { table, key }: TableChoice,
  columns: readonly string[],
  rows: readonly (readonly (SqliteValue | undefined)[])[],
): string {
  const typed = columns.map((column, at) => `${quoted(column)} ${typeOf(rows.map(row => row[at]))}`.trim())
  const primary = key.length === 0 ? [] : [`PRIMARY KEY (${key.map(quoted).join(', ')})`]
  return `CREATE TABLE ${quoted(table)} (${[...typed, ...primary].join(', ')})`
}

function typeOf(values: readonly (SqliteValue | undefined)[]): string {
  const types = new Set<string>()
  for (const value of values) {
    if (value === null || value === undefined) continue
    types.add(
      typeof value === 'bigint' ? 'INTEGER' : typeof value === 'number' ? 'REAL' : typeof value === 'string' ? 'TEXT' : 'BLOB',
    )
  }
  if (types.size === 2 && types.has('INTEGER') && types.has('REAL')) return 'NUMERIC'
  return types.size === 1 ? ([...types][0] ?? '') : ''
}
