import type { CanonicalColumn } from './canonical-column.ts'
import { compareRows } from './compare-rows.ts'
import { rowKeys } from './row-keys.ts'
import { type SortedKeys, sortKeys } from './sort-keys.ts'

/** Which row comes when. */
export interface RowOrder {
  /** Row `r` is at `places[r]` once the rows are in buckets by the high bits of their keys; undefined where they are too few for it. */
  readonly places: Uint32Array | undefined
  /** The rows by key, as places; as rows where there are no buckets. */
  readonly order: Uint32Array
}

/**
 * The rows in an order that follows from the rows' values alone: by key, rows of the same key by their values. Equal rows in any order.
 * @param keyMask Bits of the key that count: all but in tests, which want rows to share keys.
 */
export function rowOrder(columns: readonly CanonicalColumn[], rowCount: number, keyMask = 0xffff_ffff): RowOrder {
  const keys = rowKeys(columns, rowCount)
  if (keyMask !== 0xffff_ffff) for (let row = 0; row < rowCount; row++) keys[row] = (keys[row] ?? 0) & keyMask
  const sorted = sortKeys(keys)
  orderTies(columns, sorted)
  return sorted
}

/** Runs of one key are mostly single rows, else the same row several times, and by chance different rows: only these are sorted. */
function orderTies(columns: readonly CanonicalColumn[], { order, keys, rows }: SortedKeys): void {
  const rowAt = (place: number): number => (rows === undefined ? place : (rows[place] ?? 0))
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    let areEqual = true
    for (; to < order.length && keys[to] === keys[from]; to++) {
      areEqual &&= compareRows(columns, rowAt(order[from] ?? 0), rowAt(order[to] ?? 0)) === 0
    }
    if (!areEqual) order.subarray(from, to).sort((a, b) => compareRows(columns, rowAt(a), rowAt(b)))
    from = to
  }
}
