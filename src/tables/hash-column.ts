import type { CanonicalColumn, FixedColumn, Offsets, VariableColumn } from './canonical-column.ts'
import { ContentHashStream } from './content-hash-stream.ts'
import { littleEndianView } from './little-endian-view.ts'

const blockBytes = 32 * 1024
/** From here on a call that copies is quicker than a loop. */
const copiedBytes = 48

/** Appends one column in the order of `rows` (docs/table-hash.md): which rows have a value, then the values. */
export function hashColumn(stream: ContentHashStream, column: CanonicalColumn, rows: Uint32Array): void {
  const flag = stream.reserveWords(2)
  stream.words[flag] = column.present === undefined ? 0 : 1
  stream.words[flag + 1] = 0
  stream.wroteWords(flag)
  if (column.present !== undefined) hashBytes(stream, column.present, 1, rows)
  if (column.kind === 'variable') hashValues(stream, column, rows)
  else if (column.width === 8) hashPairs(stream, column, rows)
  else if (column.width % 4 === 0) hashWords(stream, column, rows)
  else hashBytes(stream, column.bytes, column.width, rows)
}

function hashPairs(stream: ContentHashStream, { bytes }: FixedColumn, rows: Uint32Array): void {
  const source = littleEndianView(Uint32Array, bytes)
  const step = ContentHashStream.rowsAtOnce(8)
  for (let from = 0; from < rows.length; from += step) {
    const to = Math.min(rows.length, from + step)
    const start = stream.reserveWords(2 * (to - from))
    const { words } = stream
    for (let row = from, at = start; row < to; row++, at += 2) {
      const first = 2 * (rows[row] ?? 0)
      words[at] = source[first] ?? 0
      words[at + 1] = source[first + 1] ?? 0
    }
    stream.wroteWords(start)
  }
}

function hashWords(stream: ContentHashStream, { bytes, width }: FixedColumn, rows: Uint32Array): void {
  const source = littleEndianView(Uint32Array, bytes)
  const count = width / 4
  const step = ContentHashStream.rowsAtOnce(width)
  for (let from = 0; from < rows.length; from += step) {
    const to = Math.min(rows.length, from + step)
    const start = stream.reserveWords(count * (to - from))
    const { words } = stream
    let at = start
    for (let row = from; row < to; row++) {
      let word = count * (rows[row] ?? 0)
      for (const end = word + count; word < end; word++) words[at++] = source[word] ?? 0
    }
    stream.wroteWords(start)
  }
  stream.endSection(rows.length * width)
}

function hashBytes(stream: ContentHashStream, source: Uint8Array, width: number, rows: Uint32Array): void {
  const step = ContentHashStream.rowsAtOnce(width)
  for (let from = 0; from < rows.length; from += step) {
    const to = Math.min(rows.length, from + step)
    let at = stream.reserve(width * (to - from))
    const { bytes } = stream
    for (let row = from; row < to; row++) {
      let byte = width * (rows[row] ?? 0)
      for (const end = byte + width; byte < end; byte++) bytes[at++] = source[byte] ?? 0
    }
  }
  stream.endSection(rows.length * width)
}

/** Rows whose values are looked up before the first is copied, see `lookUp`. */
const rowsAhead = 256

/** The length of each value, then its bytes; nothing but a length of 0 where there is no value. */
function hashValues(stream: ContentHashStream, column: VariableColumn, rows: Uint32Array): void {
  const { bytes: source, offsets } = column
  const starts = offsets instanceof Float64Array ? new Float64Array(rowsAhead) : new Uint32Array(rowsAhead)
  const lengths = new Uint32Array(rowsAhead)
  const usual = Math.min(blockBytes, source.length + 4 * rows.length)
  let total = 0
  for (let first = 0; first < rows.length; first += rowsAhead) {
    const count = Math.min(rowsAhead, rows.length - first)
    lookUp(column, rows, first, count, starts, lengths)
    for (let place = 0; place < count; ) {
      const byteCount = Math.max(usual, 4 + (lengths[place] ?? 0))
      const at = stream.reserve(byteCount)
      const { next, end } = copyValues(source, starts, lengths, place, count, stream.bytes, at, at + byteCount)
      stream.giveBack(at + byteCount - end)
      total += end - at
      place = next
    }
  }
  stream.endSection(total)
}

/**
 * Where the values of some rows are. Their first bytes are read as well: the processor then waits for many places of memory at once, not for one after the other, which took three times as long.
 */
function lookUp(
  { bytes, offsets, index }: VariableColumn,
  rows: Uint32Array,
  first: number,
  count: number,
  starts: Offsets,
  lengths: Uint32Array,
): void {
  for (let place = 0; place < count; place++) {
    const row = rows[first + place] ?? 0
    const value = index === undefined ? row : (index[row] ?? 0)
    const from = offsets[value] ?? 0
    starts[place] = from
    lengths[place] = (offsets[value + 1] ?? 0) - from
    firstBytes[place] = bytes[from] ?? 0
  }
}

const firstBytes = new Uint8Array(rowsAhead)

/** As many as have place. Answers which is next, and where the copies end. */
function copyValues(
  source: Uint8Array,
  starts: Offsets,
  lengths: Uint32Array,
  first: number,
  count: number,
  target: Uint8Array,
  start: number,
  limit: number,
): { readonly next: number; readonly end: number } {
  let at = start
  let place = first
  for (; place < count; place++) {
    const from = starts[place] ?? 0
    const length = lengths[place] ?? 0
    if (at + 4 + length > limit) break
    target[at] = length
    target[at + 1] = length >>> 8
    target[at + 2] = length >>> 16
    target[at + 3] = length >>> 24
    at += 4
    if (length < copiedBytes) for (let byte = 0; byte < length; byte++) target[at + byte] = source[from + byte] ?? 0
    else target.set(source.subarray(from, from + length), at)
    at += length
  }
  return { next: place, end: at }
}
