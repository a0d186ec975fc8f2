import type { CanonicalColumn } from './canonical-column.ts'
import type { ColumnField, ColumnType } from './columnar.ts'
import { compareRows } from './compare-rows.ts'
import { fixedWidth } from './fixed-width.ts'
import { plainType } from './plain-type.ts'
import type { Scratch } from './scratch.ts'
import { sortKeys } from './sort-keys.ts'
import { type SortedRun, sliceCount, wordsOf } from './sorted-run.ts'

/** The rows of all runs whose keys lie in a few slices: those of a bucket come before those of the next. */
export interface Bucket {
  readonly runs: readonly SortedRun[]
  readonly from: number
  readonly to: number
  readonly rowCount: number
  /** Where its order is, once that is written. */
  orderAt: number
  countsAt: number | undefined
}

/** The order of the rows of a bucket, as numbers of them. */
export interface BucketOrder {
  readonly order: Uint32Array
  /** How often each is there, in that order; undefined: all once. */
  readonly counts: Uint32Array | undefined
}

/** @param mostRows of a bucket, where a single slice has not more */
export function bucketsOf(runs: readonly SortedRun[], mostRows: number): readonly Bucket[] {
  const buckets: Bucket[] = []
  const rowsIn = (slice: number): number =>
    runs.reduce((sum, { starts }) => sum + (starts[slice + 1] ?? 0) - (starts[slice] ?? 0), 0)
  for (let from = 0; from < sliceCount; ) {
    let rowCount = rowsIn(from)
    let to = from + 1
    for (; to < sliceCount; to++) {
      const more = rowsIn(to)
      if (rowCount + more > mostRows) break
      rowCount += more
    }
    if (rowCount > 0) buckets.push({ runs, from, to, rowCount, orderAt: -1, countsAt: undefined })
    from = to
  }
  return buckets
}

/** Works out the order of a bucket's rows: by key, rows of one key by their values. */
export async function writeOrder(bucket: Bucket, fields: readonly ColumnField[], scratch: Scratch): Promise<void> {
  const counts = await readCounts(bucket, scratch)
  const { order, keys, rows } = sortKeys(await readKeys(bucket, scratch))
  const sorted = rows === undefined ? order : order.map(place => rows[place] ?? 0)
  if (hasTies(keys)) {
    const columns: CanonicalColumn[] = []
    for (const at of fields.keys()) columns.push(await readColumn(bucket, fields, at, scratch))
    for (let from = 0; from < sorted.length; ) {
      let to = from + 1
      while (to < sorted.length && keys[to] === keys[from]) to++
      if (to > from + 1) sorted.subarray(from, to).sort((a, b) => compareRows(columns, a, b))
      from = to
    }
  }
  bucket.orderAt = await scratch.append(new Uint8Array(sorted.buffer, sorted.byteOffset, sorted.byteLength))
  if (counts === undefined) return
  const inOrder = Uint32Array.from(sorted, row => counts[row] ?? 1)
  bucket.countsAt = await scratch.append(new Uint8Array(inOrder.buffer))
}

function hasTies(keys: Uint32Array): boolean {
  for (let at = 1; at < keys.length; at++) if (keys[at] === keys[at - 1]) return true
  return false
}

export async function readOrder({ orderAt, countsAt, rowCount }: Bucket, scratch: Scratch): Promise<BucketOrder> {
  return {
    order: wordsOf(await scratch.read(orderAt, 4 * rowCount)),
    counts: countsAt === undefined ? undefined : wordsOf(await scratch.read(countsAt, 4 * rowCount)),
  }
}

interface Share {
  readonly run: SortedRun
  /** Rows of the run. */
  readonly from: number
  readonly rows: number
}

const sharesOf = ({ runs, from, to }: Bucket): readonly Share[] =>
  runs
    .map(run => ({ run, from: run.starts[from] ?? 0, rows: (run.starts[to] ?? 0) - (run.starts[from] ?? 0) }))
    .filter(({ rows }) => rows > 0)

async function readKeys(bucket: Bucket, scratch: Scratch): Promise<Uint32Array> {
  const keys = new Uint32Array(bucket.rowCount)
  let at = 0
  for (const { run, from, rows } of sharesOf(bucket)) {
    keys.set(wordsOf(await scratch.read(run.keysAt + 4 * from, 4 * rows)), at)
    at += rows
  }
  return keys
}

async function readCounts(bucket: Bucket, scratch: Scratch): Promise<Uint32Array | undefined> {
  const shares = sharesOf(bucket)
  if (shares.every(({ run }) => run.countsAt === undefined)) return undefined
  const counts = new Uint32Array(bucket.rowCount).fill(1)
  let at = 0
  for (const { run, from, rows } of shares) {
    if (run.countsAt !== undefined) counts.set(wordsOf(await scratch.read(run.countsAt + 4 * from, 4 * rows)), at)
    at += rows
  }
  return counts
}

/** One column of a bucket. @param presentOnly which rows have a value is all that is asked for */
export async function readColumn(
  bucket: Bucket,
  fields: readonly ColumnField[],
  at: number,
  scratch: Scratch,
  { presentOnly = false }: { readonly presentOnly?: boolean } = {},
): Promise<CanonicalColumn> {
  const { rowCount } = bucket
  const shares = sharesOf(bucket)
  const present = await readPresent(shares, at, rowCount, scratch)
  const width = widthOf(fields[at]?.type ?? { kind: 'null' })
  if (width !== undefined) {
    const bytes = new Uint8Array(presentOnly ? 0 : width * rowCount)
    let row = 0
    for (const { run, from, rows } of presentOnly ? [] : shares) {
      bytes.set(await scratch.read((run.columns[at]?.valuesAt ?? 0) + width * from, width * rows), width * row)
      row += rows
    }
    return { kind: 'fixed', rowCount, width, bytes, present }
  }
  const { bytes, offsets } = await readVariable(bucket, presentOnly ? [] : shares, at, scratch)
  return { kind: 'variable', rowCount, bytes, offsets, index: undefined, present }
}

async function readPresent(
  shares: readonly Share[],
  at: number,
  rowCount: number,
  scratch: Scratch,
): Promise<Uint8Array | undefined> {
  if (shares.every(({ run }) => run.columns[at]?.presentAt === undefined)) return undefined
  const present = new Uint8Array(rowCount).fill(1)
  let row = 0
  for (const { run, from, rows } of shares) {
    const start = run.columns[at]?.presentAt
    if (start !== undefined) present.set(await scratch.read(start + from, rows), row)
    row += rows
  }
  return present
}

async function readVariable(
  { from: firstSlice, to: endSlice, rowCount }: Bucket,
  shares: readonly Share[],
  at: number,
  scratch: Scratch,
): Promise<{ readonly bytes: Uint8Array; readonly offsets: Float64Array }> {
  const offsets = new Float64Array(rowCount + 1)
  const parts: Uint8Array[] = []
  let [row, total] = [0, 0]
  for (const { run, from, rows } of shares) {
    const column = run.columns[at]
    const { lengths } = column ?? {}
    if (column === undefined || lengths === undefined) throw new TypeError('a column without lengths')
    const [start, end] = [lengths.sliceStarts[firstSlice] ?? 0, lengths.sliceStarts[endSlice] ?? 0]
    for (const length of wordsOf(await scratch.read(lengths.at + 4 * from, 4 * rows))) offsets[++row] = total += length
    parts.push(await scratch.read(column.valuesAt + start, end - start))
  }
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let position = 0
  for (const part of parts) {
    bytes.set(part, position)
    position += part.length
  }
  return { bytes, offsets }
}

/** Of the values as they are hashed; undefined where each has its own length. */
function widthOf(type: ColumnType): number | undefined {
  const plain = plainType(type)
  return plain.kind === 'null' ? 0 : fixedWidth(plain)
}
