import type { CanonicalColumn, FixedColumn, VariableColumn } from './canonical-column.ts'
import { columnInPlaces } from './column-in-places.ts'
import type { ColumnSpace } from './column-space.ts'
import { ContentHashStream } from './content-hash-stream.ts'
import { byteWindow, copyBytes } from './copy-bytes.ts'
import { littleEndianView } from './little-endian-view.ts'
import type { RowOrder } from './row-order.ts'

const blockBytes = 32 * 1024

/** Appends one column in the order of the rows (docs/table-hash.md): which rows have a value, then the values. */
export function hashColumn(
  stream: ContentHashStream,
  given: CanonicalColumn,
  { places, order: rows }: RowOrder,
  space: ColumnSpace,
): void {
  const column = places === undefined ? given : columnInPlaces(given, places, space)
  const { present } = column
  hashFlag(stream, present !== undefined)
  if (present !== undefined) stream.endSection(hashPresent(stream, present, rows))
  stream.endSection(hashValues(stream, column, rows))
}

/** What a column begins with. */
export function hashFlag(stream: ContentHashStream, hasNulls: boolean): void {
  const flag = stream.reserveWords(2)
  stream.words[flag] = hasNulls ? 1 : 0
  stream.words[flag + 1] = 0
  stream.wroteWords(flag)
}

/** Which of these rows have a value. Returns the bytes, which end a section with those of the last rows. */
export const hashPresent = (stream: ContentHashStream, present: Uint8Array, rows: Uint32Array): number =>
  hashBytes(stream, present, 1, rows)

/** The values of these rows. Returns the bytes, which end a section with those of the last rows. */
export function hashValues(stream: ContentHashStream, column: CanonicalColumn, rows: Uint32Array): number {
  if (column.kind === 'variable') return hashVariable(stream, column, rows)
  if (column.width === 8) return hashPairs(stream, column, rows)
  if (column.width % 4 === 0) return hashWords(stream, column, rows)
  return hashBytes(stream, column.bytes, column.width, rows)
}

function hashPairs(stream: ContentHashStream, { bytes }: FixedColumn, rows: Uint32Array): number {
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
  return 8 * rows.length
}

function hashWords(stream: ContentHashStream, { bytes, width }: FixedColumn, rows: Uint32Array): number {
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
  return rows.length * width
}

function hashBytes(stream: ContentHashStream, source: Uint8Array, width: number, rows: Uint32Array): number {
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
  return rows.length * width
}

/** The length of each value, then its bytes; nothing but a length of 0 where there is no value. */
function hashVariable(stream: ContentHashStream, { bytes, offsets, index }: VariableColumn, rows: Uint32Array): number {
  const source = byteWindow(bytes)
  const usual = Math.min(blockBytes, bytes.length + 4 * rows.length)
  let total = 0
  for (let place = 0; place < rows.length; ) {
    const first = valueAt(index, rows[place] ?? 0)
    const byteCount = Math.max(usual, 4 + (offsets[first + 1] ?? 0) - (offsets[first] ?? 0))
    const start = stream.reserve(byteCount)
    const limit = start + byteCount
    const target = byteWindow(stream.bytes)
    let at = start
    for (; place < rows.length; place++) {
      const value = valueAt(index, rows[place] ?? 0)
      const from = offsets[value] ?? 0
      const length = (offsets[value + 1] ?? 0) - from
      if (at + 4 + length > limit) break
      target.view.setUint32(at, length, true)
      copyBytes(source, from, target, at + 4, length)
      at += 4 + length
    }
    stream.giveBack(limit - at)
    total += at - start
  }
  return total
}

const valueAt = (index: Uint32Array | undefined, row: number): number => (index === undefined ? row : (index[row] ?? 0))
