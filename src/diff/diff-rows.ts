import { bytesOf } from '../model/value-kind.ts'
import { compareValues } from './compare-values.ts'
import { ContentIndex } from './content-index.ts'
import type { Difference } from './difference.ts'
import { total } from './found-differences.ts'
import { QuickEquality } from './quick-equality.ts'
import { rowHashes } from './row-hashes.ts'
import { unusedIgnores } from './unused-ignores.ts'

/** In what two tables of rows differ. */
export interface RowsComparison {
  readonly rowsBefore: number
  readonly rowsAfter: number
  /** Column whose value names a row; undefined: rows were matched by all they hold, whatever their order. */
  readonly key: string | undefined
  /** The column that was named as the key, where it is none: some row has no value there, or two have the same. Rows were then matched by all they hold. Absent: it is, or none was named. */
  readonly unusedKey?: string
  /** Paths to leave out that fit no row of either. Absent: all fit some, or have `**`. */
  readonly ignoreUnused?: readonly string[]
  readonly columns: readonly ColumnDifference[]
  readonly added: number
  readonly removed: number
  /** Only with a key. */
  readonly changed: number
  readonly equal: number
  /** Of the changed rows, how many differ in each column, the most frequent first. */
  readonly changedIn: readonly { readonly column: string; readonly rows: number }[]
  /** Some of each, in the order of the tables. */
  readonly samples: {
    readonly added: readonly unknown[]
    readonly removed: readonly unknown[]
    readonly changed: readonly { readonly key: unknown; readonly differences: readonly Difference[] }[]
  }
}

/** A column that only one of two tables has, or that has other types of values. */
export interface ColumnDifference {
  readonly name: string
  /** Types of its values, the most frequent first; undefined: there is no such column. */
  readonly before: string | undefined
  readonly after: string | undefined
}

export interface RowsOptions {
  /** A column that names each row. Default: `id`, `key` or `name`, if every row has another value there. */
  readonly key?: string | undefined
  /** Rows shown of each kind. Default 3. */
  readonly samples?: number
  readonly ignore?: readonly string[]
}

type Row = unknown

const guessedKeys = ['id', 'key', 'name'] as const

/** Compares two tables by columns and rows. Both are in memory meanwhile. */
export async function diffRows(
  a: Iterable<Row> | AsyncIterable<Row>,
  b: Iterable<Row> | AsyncIterable<Row>,
  options: RowsOptions = {},
): Promise<RowsComparison> {
  const [before, after] = [new Rows(), new Rows()]
  for await (const row of a) before.add(row)
  for await (const row of b) after.add(row)
  const names = options.key === undefined ? guessedKeys : [options.key]
  const key = names.find(name => before.isKey(name) && after.isKey(name))
  const unused = key === undefined && options.key !== undefined ? { unusedKey: options.key } : {}
  const ignoreUnused = unusedIgnores(options.ignore ?? [], before.rows, after.rows)
  const matched = key === undefined ? matchByContent(before, after, options) : matchByKey(before, after, key, options)
  return {
    rowsBefore: before.rows.length,
    rowsAfter: after.rows.length,
    key,
    ...unused,
    ...(ignoreUnused.length === 0 ? {} : { ignoreUnused }),
    columns: columnsOf(before, after),
    ...matched,
  }
}

type Matched = Pick<RowsComparison, 'added' | 'removed' | 'changed' | 'equal' | 'changedIn' | 'samples'>

function matchByKey(before: Rows, after: Rows, key: string, { samples = 3, ignore = [] }: RowsOptions): Matched {
  const left = new Map(before.rows.map(row => [keyText(fieldOf(row, key)), row]))
  const added: Row[] = []
  const changedSamples: RowsComparison['samples']['changed'][number][] = []
  const columns = new Map<string, number>()
  let [addedCount, changed, equal] = [0, 0, 0]
  for (const row of after.rows) {
    const name = keyText(fieldOf(row, key))
    if (!left.has(name)) {
      addedCount++
      if (added.length < samples) added.push(row)
      continue
    }
    const { differences, counts } = compareValues(left.get(name), row, { ignore, limit: 1000 })
    left.delete(name)
    if (total(counts) === 0) {
      equal++
      continue
    }
    changed++
    for (const column of new Set(differences.map(({ steps }) => String(steps[0]?.key ?? '')))) {
      columns.set(column, (columns.get(column) ?? 0) + 1)
    }
    if (changedSamples.length < samples) changedSamples.push({ key: fieldOf(row, key), differences })
  }
  return {
    ...{ added: addedCount, removed: left.size, changed, equal },
    changedIn: [...columns].map(([column, rows]) => ({ column, rows })).sort((one, other) => other.rows - one.rows),
    samples: { added, removed: firstOf(left.values(), samples), changed: changedSamples },
  }
}

/** As multisets: a row that is there twice is two rows. */
function matchByContent(before: Rows, after: Rows, { samples = 3, ignore = [] }: RowsOptions): Matched {
  const quick = new QuickEquality()
  const isSame = (one: Row, other: Row): boolean =>
    (ignore.length === 0 && quick.isSame(one, other)) || total(compareValues(one, other, { ignore, limit: 0 }).counts) === 0
  const index = new ContentIndex(before.rows, isSame, rowHashes(ignore))
  const isLeft = new Uint8Array(before.rows.length).fill(1)
  const added: Row[] = []
  let [addedCount, equal] = [0, 0]
  for (const row of after.rows) {
    const place = index.take(row)
    if (place !== undefined) {
      isLeft[place] = 0
      equal++
      continue
    }
    addedCount++
    if (added.length < samples) added.push(row)
  }
  const removed = firstOf(left(before.rows, isLeft), samples)
  return {
    ...{ added: addedCount, removed: before.rows.length - equal, changed: 0, equal, changedIn: [] },
    samples: { added, removed, changed: [] },
  }
}

function* left(rows: readonly Row[], isLeft: Uint8Array): Iterable<Row> {
  for (const [place, row] of rows.entries()) if (isLeft[place] === 1) yield row
}

/** Rows with what is known of their columns. */
class Rows {
  readonly rows: Row[] = []
  /** Of each column, how many values of each type. */
  readonly columns = new Map<string, Map<string, number>>()

  add(row: Row): void {
    this.rows.push(row)
    if (typeof row !== 'object' || row === null) return
    for (const [name, value] of row instanceof Map ? row : Object.entries(row)) {
      const column = this.columns.get(String(name)) ?? new Map<string, number>()
      this.columns.set(String(name), column)
      const type = typeOf(value)
      column.set(type, (column.get(type) ?? 0) + 1)
    }
  }

  /** Whether every row has a value of its own there. */
  isKey(name: string): boolean {
    const keys = new Set<string>()
    for (const row of this.rows) {
      const key = fieldOf(row, name)
      if (key === undefined || key === null || Number.isNaN(key)) return false
      keys.add(keyText(key))
    }
    return keys.size === this.rows.length
  }
}

function columnsOf(before: Rows, after: Rows): readonly ColumnDifference[] {
  const names = [...new Set([...before.columns.keys(), ...after.columns.keys()])]
  return names
    .map(name => ({ name, before: typesOf(before.columns.get(name)), after: typesOf(after.columns.get(name)) }))
    .filter(column => column.before !== column.after && before.rows.length > 0 && after.rows.length > 0)
}

function typesOf(types: ReadonlyMap<string, number> | undefined): string | undefined {
  if (types === undefined) return undefined
  const named = [...types.keys()].filter(type => type !== 'null').sort()
  return named.length === 0 ? 'null' : named.join(' | ')
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value !== 'object') return typeof value
  if (Array.isArray(value)) return 'list'
  if (value instanceof Date) return 'Date'
  return bytesOf(value) === undefined ? 'object' : 'bytes'
}

function fieldOf(row: Row, name: string): unknown {
  if (typeof row !== 'object' || row === null) return undefined
  if (row instanceof Map) return row.get(name)
  return Object.hasOwn(row, name) ? Reflect.get(row, name) : undefined
}

/** The same for keys that are the same, a Date by its time. */
const keyText = (key: unknown): string => `${typeof key}:${key instanceof Date ? key.getTime() : String(key)}`

function firstOf(rows: Iterable<Row>, most: number): Row[] {
  const first: Row[] = []
  for (const row of rows) {
    if (first.length === most) break
    first.push(row)
  }
  return first
}
