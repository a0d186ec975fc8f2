import type { CanonicalColumn, FixedColumn, Offsets, VariableColumn } from './canonical-column.ts'
import { compareRows } from './compare-rows.ts'
import { byteWindow, copyBytes } from './copy-bytes.ts'
import { rowKeys } from './row-keys.ts'
import type { Scratch } from './scratch.ts'
import { sortKeys } from './sort-keys.ts'

/** Slices of a run by the high bits of its keys: what is read back at a time is made of whole ones. */
export const sliceCount = 1024
const sliceShift = 22
/** With so many rows of the same key before it a row is compared: by chance there is hardly ever one that differs. */
const mostCompared = 4

/** Rows in the order of their keys, in a scratch; equal rows once. */
export interface SortedRun {
  /** Where each slice begins, as a number of rows; at the end how many there are. */
  readonly starts: Uint32Array
  /** 32 bits a row. */
  readonly keysAt: number
  /** How often each row is there, 32 bits a row; undefined: all once. */
  readonly countsAt: number | undefined
  readonly columns: readonly RunColumn[]
}

export interface RunColumn {
  /** A byte a row; undefined: all have a value. */
  readonly presentAt: number | undefined
  readonly valuesAt: number
  /** Of variable columns: 32 bits a row, and where the bytes of each slice begin. */
  readonly lengths?: { readonly at: number; readonly sliceStarts: Offsets }
}

/** @param keyMask Bits of the rows' keys that count. */
export async function writeRun(
  columns: readonly CanonicalColumn[],
  rowCount: number,
  scratch: Scratch,
  keyMask: number,
): Promise<SortedRun> {
  const keys = rowKeys(columns, rowCount)
  if (keyMask !== 0xffff_ffff) for (let row = 0; row < rowCount; row++) keys[row] = (keys[row] ?? 0) & keyMask
  const { rows, keys: kept, counts } = distinctRows(columns, keys)
  const starts = new Uint32Array(sliceCount + 1)
  for (const key of kept) starts[(key >>> sliceShift) + 1] = (starts[(key >>> sliceShift) + 1] ?? 0) + 1
  for (let slice = 1; slice <= sliceCount; slice++) starts[slice] = (starts[slice] ?? 0) + (starts[slice - 1] ?? 0)
  const keysAt = await scratch.append(bytesOf(kept))
  const countsAt = counts === undefined ? undefined : await scratch.append(bytesOf(counts))
  const written: RunColumn[] = []
  for (const column of columns) written.push(await writeColumn(column, rows, starts, scratch))
  return { starts, keysAt, countsAt, columns: written }
}

interface DistinctRows {
  readonly rows: Uint32Array
  readonly keys: Uint32Array
  readonly counts: Uint32Array | undefined
}

/** By key; of rows of one key those that are equal once. */
function distinctRows(columns: readonly CanonicalColumn[], given: Uint32Array): DistinctRows {
  const { rows: bucketed, order, keys } = sortKeys(given)
  const rows = bucketed === undefined ? order : order.map(place => bucketed[place] ?? 0)
  let counts: Uint32Array | undefined
  let last = -1
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] ?? 0
    const key = keys[at] ?? 0
    let same = -1
    for (let before = last; before > last - mostCompared && before >= 0 && keys[before] === key && same < 0; before--)
      if (compareRows(columns, rows[before] ?? 0, row) === 0) same = before
    if (same >= 0) {
      counts ??= new Uint32Array(rows.length).fill(1)
      counts[same] = (counts[same] ?? 1) + 1
      continue
    }
    last++
    rows[last] = row
    keys[last] = key
  }
  return { rows: rows.subarray(0, last + 1), keys: keys.subarray(0, last + 1), counts: counts?.subarray(0, last + 1) }
}

async function writeColumn(
  column: CanonicalColumn,
  rows: Uint32Array,
  starts: Uint32Array,
  scratch: Scratch,
): Promise<RunColumn> {
  const { present } = column
  const presentAt = present === undefined ? undefined : await scratch.append(Uint8Array.from(rows, row => present[row] ?? 0))
  if (column.kind === 'fixed') return { presentAt, valuesAt: await scratch.append(fixedValues(column, rows)) }
  const { lengths, bytes, sliceStarts } = variableValues(column, rows, starts)
  const at = await scratch.append(bytesOf(lengths))
  return { presentAt, valuesAt: await scratch.append(bytes), lengths: { at, sliceStarts } }
}

function fixedValues({ bytes, width }: FixedColumn, rows: Uint32Array): Uint8Array {
  const values = new Uint8Array(rows.length * width)
  if (width % 4 === 0) {
    const source = wordsOf(bytes)
    const target = new Uint32Array(values.buffer)
    const count = width / 4
    let at = 0
    for (let place = 0; place < rows.length; place++) {
      let word = count * (rows[place] ?? 0)
      for (const end = word + count; word < end; word++) target[at++] = source[word] ?? 0
    }
    return bytesOf(target)
  }
  let at = 0
  for (let place = 0; place < rows.length; place++) {
    let byte = width * (rows[place] ?? 0)
    for (const end = byte + width; byte < end; byte++) values[at++] = bytes[byte] ?? 0
  }
  return values
}

function variableValues(
  { bytes, offsets, index }: VariableColumn,
  rows: Uint32Array,
  starts: Uint32Array,
): { readonly lengths: Uint32Array; readonly bytes: Uint8Array; readonly sliceStarts: Offsets } {
  const lengths = new Uint32Array(rows.length)
  const sliceStarts = new Float64Array(sliceCount + 1)
  let total = 0
  let slice = 0
  for (let place = 0; place < rows.length; place++) {
    while ((starts[slice] ?? 0) <= place) sliceStarts[slice++] = total
    const value = index === undefined ? (rows[place] ?? 0) : (index[rows[place] ?? 0] ?? 0)
    const length = (offsets[value + 1] ?? 0) - (offsets[value] ?? 0)
    lengths[place] = length
    total += length
  }
  sliceStarts.fill(total, slice)
  const [source, target] = [byteWindow(bytes), byteWindow(new Uint8Array(total))]
  let at = 0
  for (let place = 0; place < rows.length; place++) {
    const value = index === undefined ? (rows[place] ?? 0) : (index[rows[place] ?? 0] ?? 0)
    const length = lengths[place] ?? 0
    copyBytes(source, offsets[value] ?? 0, target, at, length)
    at += length
  }
  return { lengths, bytes: target.bytes, sliceStarts: total < 2 ** 32 ? Uint32Array.from(sliceStarts) : sliceStarts }
}

const bytesOf = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength)

/** Four bytes at a time, in whatever order the machine has them: they are only moved. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const own = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  return new Uint32Array(own.buffer, own.byteOffset, own.length >> 2)
}
