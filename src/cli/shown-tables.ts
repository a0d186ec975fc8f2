import { inspect } from 'node:util'
import { arrowRows } from '../engine/arrow-rows.ts'
import { count, counted } from './render/quantities.ts'

const shownRows = 5
/** What lies deeper is not printed. */
const mostDepth = 8

/** The rows of an Arrow table inside a value, for JSON. */
export interface TableRows {
  readonly rows: readonly object[]
  readonly total: number
  /** `price: float64` */
  readonly columns: readonly string[]
}

/**
 * For people: each Arrow table as its columns and its first rows, and not as its buffers.
 *
 * @param shown a row as it may be shown
 */
export const withShownTables = (value: unknown, shown: (row: object) => unknown = row => row): unknown =>
  withTables(value, shownRows, table => new ShownTable({ ...table, rows: table.rows.map(shown) }))

/**
 * The value with something else in the place of each Arrow table in its objects, arrays and Maps; the value itself where there is none.
 *
 * @param most rows given of each table
 */
export function withTables(
  value: unknown,
  most: number,
  replace: (table: TableRows, path: string) => unknown,
  { depth = 0, path = '' }: { readonly depth?: number; readonly path?: string } = {},
): unknown {
  if (typeof value !== 'object' || value === null || depth > mostDepth) return value
  const found = arrowRows(value, most)
  if (found !== undefined) return replace({ ...found, columns: found.columns.map(({ name, type }) => `${name}: ${type}`) }, path)
  const part = (one: unknown, at: string): unknown => withTables(one, most, replace, { depth: depth + 1, path: path + at })
  if (Array.isArray(value)) {
    const parts = value.map((one: unknown, at) => part(one, `[${at}]`))
    return parts.some((one, at) => one !== value[at]) ? parts : value
  }
  if (value instanceof Map) {
    const parts = new Map([...value].map(([key, one]: [unknown, unknown]) => [key, part(one, `[${JSON.stringify(key)}]`)]))
    return [...parts].some(([key, one]) => one !== value.get(key)) ? parts : value
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  const entries = Object.entries(value).map(([key, one]: [string, unknown]) => [key, one, part(one, `.${key}`)] as const)
  return entries.some(([, one, made]) => one !== made) ? Object.fromEntries(entries.map(([key, , made]) => [key, made])) : value
}

type ShownRows = Omit<TableRows, 'rows'> & { readonly rows: readonly unknown[] }

/** Prints as `Table of 3 rows (a: int32, b: utf8) [ … ]`. */
class ShownTable {
  readonly #table: ShownRows

  constructor(table: ShownRows) {
    this.#table = table
  }

  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    const { rows, total, columns } = this.#table
    const more = total > rows.length ? `, the first ${count(rows.length)}` : ''
    // Its own depth: that of the value would leave nothing of the rows.
    return `Table of ${counted(total, 'row')}${more} (${columns.join(', ')}) ${print(rows, { ...options, depth: 3 })}`
  }
}
