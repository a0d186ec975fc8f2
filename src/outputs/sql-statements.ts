import type { RowShape, SqlRow } from './sql-row.ts'

/** Rows that one statement inserts. */
export interface Statement<Value> {
  readonly shape: RowShape
  readonly rows: readonly SqlRow<Value>[]
}

const mostRows = 1_000
/** PostgreSQL counts parameters with 16 bits. */
const mostValues = 30_000

/**
 * Cuts rows, in their order, into statements of one shape. With a key no statement has the same one twice (PostgreSQL refuses that): the later row goes into the next statement, and wins.
 */
export function* statementsOf<Value>(rows: readonly SqlRow<Value>[], keyed: boolean): Iterable<Statement<Value>> {
  let current: SqlRow<Value>[] = []
  let keys = new Set<string>()
  for (const row of rows) {
    const [first] = current
    const key = keyed ? JSON.stringify(row.shape.keyAt.map(at => row.values[at])) : undefined
    const full = current.length >= Math.min(mostRows, Math.floor(mostValues / row.values.length))
    if (first !== undefined && (full || first.shape !== row.shape || (key !== undefined && keys.has(key)))) {
      yield { shape: first.shape, rows: current }
      current = []
      keys = new Set()
    }
    current.push(row)
    if (key !== undefined) keys.add(key)
  }
  const [first] = current
  if (first !== undefined) yield { shape: first.shape, rows: current }
}
