import type { ColumnData, ColumnType } from './columnar.ts'
import { isLittleEndianMachine } from './little-endian-view.ts'

/** A vector of `@duckdb/node-api`: of its fields only what is checked here is relied on. */
export interface DuckDBVectorShape {
  getItem(row: number): unknown
}

/** Collects vectors of one column as they lie in memory, without a value for each row. */
export interface VectorTaker {
  /** @throws RangeError for what the column cannot hold, or a vector that is not laid out as the ones before */
  add(vector: DuckDBVectorShape, rowCount: number): void
  /** What was added since the last call. */
  take(): ColumnData
}

const entryBytes = 16
/** Texts up to this length lie in their entry. */
const inlineBytes = 12
const leastRows = 2048
const byteOrderMark = [0xef, 0xbb, 0xbf] as const
const encoder = new TextEncoder()

/** For types that DuckDB lays out like Arrow, if this vector is what is expected of one. */
export function vectorTaker(type: ColumnType, vector: DuckDBVectorShape, rowCount: number): VectorTaker | undefined {
  if (!isLittleEndianMachine || validityOf(vector, rowCount) === undefined) return undefined
  if (type.kind === 'utf8') return bytesIn(vector, rowCount, entryBytes) && new TextTaker()
  if (type.kind === 'bool') return bytesIn(vector, rowCount, 1) && new BitTaker()
  const width = widthOf(type)
  return width === undefined ? undefined : bytesIn(vector, rowCount, width) && new FixedTaker(width, infinitiesOf(type))
}

function widthOf(type: ColumnType): number | undefined {
  switch (type.kind) {
    case 'int':
      return type.bits / 8
    case 'float':
      return type.bits / 8
    case 'date':
      return 4
    case 'time':
    case 'timestamp':
      return 8
    default:
      return undefined
  }
}

/** In words of 32 bits: the values that mean an infinite date or time. */
function infinitiesOf(type: ColumnType): readonly (readonly number[])[] {
  if (type.kind === 'date') return [[0x7fff_ffff], [-0x7fff_ffff]]
  if (type.kind !== 'timestamp') return []
  return [
    [-1, 0x7fff_ffff],
    [1, -0x8000_0000],
  ]
}

/** The bytes of a vector, if there are as many as there must be. */
function bytesIn(vector: DuckDBVectorShape, rowCount: number, width: number): Uint8Array | undefined {
  const found: unknown = Reflect.get(vector, 'items') ?? Reflect.get(vector, 'dataView')
  if (!ArrayBuffer.isView(found) || found.byteLength !== rowCount * width) return undefined
  return new Uint8Array(found.buffer, found.byteOffset, found.byteLength)
}

/** A bit a row, as in Arrow; null where every row has a value, undefined if it cannot be told. */
function validityOf(vector: DuckDBVectorShape, rowCount: number): Uint8Array | null | undefined {
  const validity: unknown = Reflect.get(vector, 'validity')
  if (typeof validity !== 'object' || validity === null || Reflect.get(validity, 'offset') !== 0) return undefined
  const data: unknown = Reflect.get(validity, 'data')
  if (data === null) return null
  if (!ArrayBuffer.isView(data) || data.byteLength * 8 < rowCount) return undefined
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

const hasValue = (validity: Uint8Array | null, row: number): boolean =>
  validity === null || (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 1

const otherLayout = (): RangeError => new RangeError('values in a layout that is not known')

/** Which rows have a value. */
class RowsTaken {
  rowCount = 0
  nullCount = 0
  #bits = new Uint8Array(leastRows / 8)

  add(validity: Uint8Array | null, rowCount: number): void {
    const after = this.rowCount + rowCount
    this.#bits = grown(this.#bits, Math.ceil(after / 8))
    for (let row = 0, at = this.rowCount; row < rowCount; row++, at++) {
      if (hasValue(validity, row)) this.#bits[at >> 3] = (this.#bits[at >> 3] ?? 0) | (1 << (at & 7))
      else this.nullCount++
    }
    this.rowCount = after
  }

  take(): Pick<ColumnData, 'rowCount' | 'nullCount' | 'validity'> {
    const { rowCount, nullCount } = this
    const validity = nullCount === 0 ? {} : { validity: this.#bits.slice(0, Math.ceil(rowCount / 8)) }
    this.#bits.fill(0)
    this.rowCount = 0
    this.nullCount = 0
    return { rowCount, nullCount, ...validity }
  }
}

class FixedTaker implements VectorTaker {
  readonly #rows = new RowsTaken()
  readonly #width: number
  readonly #infinities: readonly (readonly number[])[]
  #bytes: Uint8Array<ArrayBuffer>

  constructor(width: number, infinities: readonly (readonly number[])[]) {
    this.#width = width
    this.#infinities = infinities
    this.#bytes = new Uint8Array(leastRows * width)
  }

  add(vector: DuckDBVectorShape, rowCount: number): void {
    const width = this.#width
    const bytes = bytesIn(vector, rowCount, width)
    const validity = validityOf(vector, rowCount)
    if (bytes === undefined || validity === undefined) throw otherLayout()
    const start = this.#rows.rowCount * width
    this.#bytes = grown(this.#bytes, start + bytes.length)
    this.#bytes.set(bytes, start)
    if (validity !== null)
      for (let row = 0; row < rowCount; row++)
        if (!hasValue(validity, row)) this.#bytes.fill(0, start + row * width, start + (row + 1) * width)
    for (const words of this.#infinities) refuseWords(this.#bytes.subarray(start, start + bytes.length), words)
    this.#rows.add(validity, rowCount)
  }

  take(): ColumnData {
    const rows = this.#rows.take()
    return { ...rows, values: this.#bytes.slice(0, rows.rowCount * this.#width) }
  }
}

/** @throws RangeError if one of the values is exactly this. */
function refuseWords(bytes: Uint8Array, words: readonly number[]): void {
  const values = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  const [first = 0, second] = words
  for (let at = 0; at < values.length; at += words.length)
    if (values[at] === first && (second === undefined || values[at + 1] === second)) throw new RangeError('an infinite date')
}

class BitTaker implements VectorTaker {
  readonly #rows = new RowsTaken()
  #bits = new Uint8Array(leastRows / 8)

  add(vector: DuckDBVectorShape, rowCount: number): void {
    const bytes = bytesIn(vector, rowCount, 1)
    const validity = validityOf(vector, rowCount)
    if (bytes === undefined || validity === undefined) throw otherLayout()
    const start = this.#rows.rowCount
    this.#bits = grown(this.#bits, Math.ceil((start + rowCount) / 8))
    for (let row = 0, at = start; row < rowCount; row++, at++)
      if (bytes[row] !== 0 && hasValue(validity, row)) this.#bits[at >> 3] = (this.#bits[at >> 3] ?? 0) | (1 << (at & 7))
    this.#rows.add(validity, rowCount)
  }

  take(): ColumnData {
    const rows = this.#rows.take()
    const values = this.#bits.slice(0, Math.ceil(rows.rowCount / 8))
    this.#bits.fill(0)
    return { ...rows, values }
  }
}

class TextTaker implements VectorTaker {
  readonly #rows = new RowsTaken()
  #offsets = new Uint8Array(4 * (leastRows + 1))
  #texts = new Uint8Array(leastRows * inlineBytes)
  #at = 0

  add(vector: DuckDBVectorShape, rowCount: number): void {
    const entries = bytesIn(vector, rowCount, entryBytes)
    const validity = validityOf(vector, rowCount)
    if (entries === undefined || validity === undefined) throw otherLayout()
    const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength)
    const start = this.#rows.rowCount
    this.#offsets = grown(this.#offsets, 4 * (start + rowCount + 1))
    this.#texts = grown(this.#texts, this.#at + rowCount * inlineBytes)
    const offsets = new Int32Array(this.#offsets.buffer)
    for (let row = 0, entry = 0; row < rowCount; row++, entry += entryBytes) {
      if (hasValue(validity, row)) {
        const byteCount = view.getUint32(entry, true)
        if (byteCount > inlineBytes) this.#addLong(vector.getItem(row), byteCount, entries.subarray(entry + 4, entry + 8))
        else {
          const texts = this.#room(inlineBytes)
          for (let byte = 0; byte < byteCount; byte++) texts[this.#at + byte] = entries[entry + 4 + byte] ?? 0
          this.#at += byteCount
        }
      }
      offsets[start + row + 1] = this.#at
    }
    this.#rows.add(validity, rowCount)
  }

  take(): ColumnData {
    const rows = this.#rows.take()
    const column = { ...rows, offsets: this.#offsets.slice(0, 4 * (rows.rowCount + 1)), values: this.#texts.slice(0, this.#at) }
    this.#at = 0
    return column
  }

  /** DuckDB gives them as text only, from which it leaves out a byte order mark in front. */
  #addLong(text: unknown, byteCount: number, prefix: Uint8Array): void {
    if (typeof text !== 'string') throw otherLayout()
    const texts = this.#room(byteCount)
    const marked = byteOrderMark.every((byte, at) => prefix[at] === byte) && !text.startsWith('\ufeff')
    if (marked) texts.set(byteOrderMark, this.#at)
    const from = this.#at + (marked ? byteOrderMark.length : 0)
    const { read, written } = encoder.encodeInto(text, texts.subarray(from, this.#at + byteCount))
    if (read !== text.length || from + written !== this.#at + byteCount) throw otherLayout()
    this.#at += byteCount
  }

  #room(byteCount: number): Uint8Array {
    if (this.#at + byteCount > 2 ** 31 - 1) throw new RangeError('the values are too long for offsets of 32 bits')
    this.#texts = grown(this.#texts, this.#at + byteCount)
    return this.#texts
  }
}

/** At least so long, with what was in it. */
function grown(bytes: Uint8Array<ArrayBuffer>, least: number): Uint8Array<ArrayBuffer> {
  if (bytes.length >= least) return bytes
  const longer = new Uint8Array(Math.max(least, 2 * bytes.length))
  longer.set(bytes)
  return longer
}
