import { WaymarkError } from '../model/errors.ts'
import { checkColumns } from './item-file.ts'

export interface SqlTableOptions<Column extends string = string> {
  /** Its name as it is, without quotes. */
  readonly table: string
  /**
   * The columns to write, and the properties they come from; other properties are left out, missing ones are NULL. Default: each item's own properties, all of which must be columns;
   * a column that an item does not mention gets the table's default.
   */
  readonly columns?: readonly Column[] | undefined
  /** Columns under a UNIQUE constraint: a row that is there already is updated. Default: rows are inserted. */
  readonly key?: Column | readonly Column[] | undefined
  /** A new run, or a redo of the stage, deletes the table's rows first, in its first transaction. Default false: rows of earlier runs stay. */
  readonly replace?: boolean | undefined
}

/** {@link SqlTableOptions} that have been looked at. */
export interface TableChoice {
  readonly table: string
  readonly columns: readonly string[] | undefined
  readonly key: readonly string[]
  readonly replace: boolean
  /** A statement that makes the table where it is missing; `true`: one is made up from the first rows. */
  readonly create: string | boolean
}

/** @throws WaymarkError `invalid`; `where` begins its message */
export function checkTableOptions(
  where: string,
  options: SqlTableOptions & { readonly create?: unknown },
  create: 'statement' | 'statement or true',
): TableChoice {
  if (typeof options !== 'object' || options === null) throw bad(where, 'has no options', "Pass { table: 'orders' }.")
  const { table, replace = false } = options
  if (typeof table !== 'string' || table === '' || table.includes('\0') || !table.isWellFormed()) {
    throw bad(where, `has no usable table: ${shownValue(table)}`, "Give the table's name: { table: 'orders' }.")
  }
  if (typeof replace !== 'boolean') {
    throw bad(where, `has replace: ${shownValue(replace)}`, 'replace: true deletes the rows of the table when a new run begins.')
  }
  const columns = options.columns === undefined ? undefined : checkColumns(listOf(where, 'columns', options.columns), where)
  const key = keyColumns(where, options.key)
  for (const column of key) {
    if (columns === undefined || columns.includes(column)) continue
    throw bad(where, `has the key ${JSON.stringify(column)}, which is not among its columns`, 'List the key in columns too.')
  }
  return { table, columns, key, replace, create: checkCreate(where, options.create, create) }
}

function keyColumns(where: string, key: unknown): readonly string[] {
  if (key === undefined) return []
  return checkColumns(typeof key === 'string' ? [key] : listOf(where, 'key', key), where)
}

function listOf(where: string, name: string, value: unknown): readonly string[] {
  if (Array.isArray(value)) return [...value]
  throw bad(where, `has ${name}: ${shownValue(value)}`, `Give a list of names: ${name}: ['id', 'total'].`)
}

function checkCreate(where: string, create: unknown, allowed: 'statement' | 'statement or true'): string | boolean {
  if (create === undefined || create === false) return false
  if (typeof create === 'string' && create.trim() !== '') return create
  if (create === true && allowed === 'statement or true') return true
  throw bad(
    where,
    `has create: ${shownValue(create)}`,
    "Give the statement: create: 'CREATE TABLE orders (id bigint PRIMARY KEY)'.",
  )
}

const shownValue = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : value === null ? 'null' : typeof value

function bad(where: string, what: string, remedy: string): WaymarkError {
  return new WaymarkError('invalid', { message: `${where} ${what}`, means: 'Nothing was read or written.', remedy })
}

/** Standard SQL, and what both databases take: every name, keywords too. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
