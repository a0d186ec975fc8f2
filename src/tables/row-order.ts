import type { CanonicalColumn } from './canonical-column.ts'
import { compareRows } from './compare-rows.ts'
import { rowKeys } from './row-keys.ts'

/** Fewer rows are sorted as numbers of which the row is the low part. */
const fewRows = 2048
const digitBits = 8

/**
 * The rows' numbers in an order that follows from the rows' values alone: by key, rows of the same key by their values. Equal rows stand in any order.
 * @param keyMask Bits of the key that count: all but in tests, which want rows to share keys.
 */
export function rowOrder(columns: readonly CanonicalColumn[], rowCount: number, keyMask = 0xffff_ffff): Uint32Array {
  const keys = rowKeys(columns, rowCount)
  if (keyMask !== 0xffff_ffff) for (let row = 0; row < rowCount; row++) keys[row] = (keys[row] ?? 0) & keyMask
  const sorted = rowCount < fewRows ? sortFew(keys) : sortMany(keys)
  orderTies(columns, sorted)
  return sorted.rows
}

interface SortedRows {
  readonly rows: Uint32Array
  /** In the order of `rows`. */
  readonly keys: Uint32Array
}

function sortFew(keys: Uint32Array): SortedRows {
  const packed = new Float64Array(keys.length)
  for (let row = 0; row < keys.length; row++) packed[row] = (keys[row] ?? 0) * fewRows + row
  packed.sort()
  const rows = new Uint32Array(keys.length)
  const sortedKeys = new Uint32Array(keys.length)
  for (let at = 0; at < keys.length; at++) {
    const row = (packed[at] ?? 0) % fewRows
    rows[at] = row
    sortedKeys[at] = keys[row] ?? 0
  }
  return { rows, keys: sortedKeys }
}

/**
 * By the high bits into buckets that fit the processor's cache, then each bucket from its low bits up. Three passes over all rows took twice as long at a million rows: most of it waits for memory.
 */
function sortMany(keys: Uint32Array): SortedRows {
  const count = keys.length
  const lowBits = 32 - Math.min(11, 22 - Math.clz32(count))
  const given: SortedRows = { rows: numbered(count), keys }
  const split: SortedRows = { rows: new Uint32Array(count), keys: new Uint32Array(count) }
  const ends = new Uint32Array(2 ** (32 - lowBits))
  scatter(given, split, 0, count, lowBits, ends)
  const passes = Math.ceil(lowBits / digitBits)
  const counts = new Uint32Array(1 << digitBits)
  for (let bucket = 0, from = 0; bucket < ends.length; bucket++) {
    const to = ends[bucket] ?? 0
    for (let pass = 0; pass < passes; pass++) {
      const [source, target] = pass % 2 === 0 ? [split, given] : [given, split]
      scatter(source, target, from, to, pass * digitBits, counts)
    }
    from = to
  }
  return passes % 2 === 0 ? split : given
}

function numbered(count: number): Uint32Array {
  const rows = new Uint32Array(count)
  for (let row = 0; row < count; row++) rows[row] = row
  return rows
}

/** Moves [from, to) in the order of the key's bits from `shift` on, keeping the order of equals. Leaves in `places` where each of their values ends. */
function scatter(source: SortedRows, target: SortedRows, from: number, to: number, shift: number, places: Uint32Array): void {
  const { rows, keys } = source
  const mask = places.length - 1
  places.fill(0)
  for (let at = from; at < to; at++) {
    const digit = ((keys[at] ?? 0) >>> shift) & mask
    places[digit] = (places[digit] ?? 0) + 1
  }
  let start = from
  for (let digit = 0; digit <= mask; digit++) {
    const next = start + (places[digit] ?? 0)
    places[digit] = start
    start = next
  }
  const { rows: targetRows, keys: targetKeys } = target
  for (let at = from; at < to; at++) {
    const key = keys[at] ?? 0
    const digit = (key >>> shift) & mask
    const place = places[digit] ?? 0
    places[digit] = place + 1
    targetRows[place] = rows[at] ?? 0
    targetKeys[place] = key
  }
}

/** Runs of one key are mostly single rows, else the same row several times, and by chance different rows: only these are sorted. */
function orderTies(columns: readonly CanonicalColumn[], { rows, keys }: SortedRows): void {
  for (let from = 0; from < rows.length; ) {
    let to = from + 1
    let areEqual = true
    for (; to < rows.length && keys[to] === keys[from]; to++) {
      areEqual &&= compareRows(columns, rows[from] ?? 0, rows[to] ?? 0) === 0
    }
    if (!areEqual) rows.subarray(from, to).sort((a, b) => compareRows(columns, a, b))
    from = to
  }
}
