import type { ColumnData, ColumnField, ColumnType } from '../tables/columnar.ts'
import { isLittleEndianMachine, littleEndianView } from '../tables/little-endian-view.ts'
import type { DuckDBBindings } from './duckdb-bindings.ts'

/** Writes rows into the beginning of a vector. @param from A multiple of 8. */
export type VectorFiller = (vector: object, from: number, rowCount: number) => void

/** Texts up to this length lie in the entry of DuckDB itself, longer ones elsewhere. */
const inlineBytes = 12
const entryBytes = 16

/** How a column gets into vectors of DuckDB as bytes, without a value for each row; undefined for types that DuckDB lays out in another way than Arrow. */
export function vectorFiller(
  bindings: DuckDBBindings,
  { type, metadata }: ColumnField,
  data: ColumnData,
): VectorFiller | undefined {
  if (!isLittleEndianMachine || metadata?.has('ARROW:extension:name') === true) return undefined
  const fill = valuesFiller(bindings, type, data)
  const { validity, nullCount } = data
  if (fill === undefined || validity === undefined || nullCount === 0) return fill
  return (vector, from, rowCount) => {
    fill(vector, from, rowCount)
    // DuckDB's masks are words of 64 bits.
    const mask = new Uint8Array(Math.ceil(rowCount / 64) * 8)
    mask.set(validity.subarray(from / 8, Math.ceil((from + rowCount) / 8)))
    bindings.vector_ensure_validity_writable(vector)
    bindings.copy_data_to_vector_validity(vector, 0, mask.buffer, 0, mask.length)
  }
}

function valuesFiller(bindings: DuckDBBindings, type: ColumnType, data: ColumnData): VectorFiller | undefined {
  const { values = new Uint8Array() } = data
  switch (type.kind) {
    case 'bool':
      return bitsFiller(bindings, values)
    case 'int':
      return bytesFiller(bindings, values, type.bits / 8)
    case 'float':
      return type.bits === 16 ? undefined : bytesFiller(bindings, values, type.bits / 8)
    case 'date':
      return bytesFiller(bindings, values, type.unit === 'day' ? 4 : 8)
    case 'time':
      return type.unit === 'us' || type.unit === 'ns' ? bytesFiller(bindings, values, 8) : undefined
    case 'timestamp':
      return type.timezone === undefined || type.unit === 'us' ? bytesFiller(bindings, values, 8) : undefined
    case 'decimal':
      return decimalFiller(bindings, values, type.bits / 8, type.precision)
    case 'utf8':
    case 'binary':
      return textFiller(bindings, values, placesOf(data, type.large), row => row)
    case 'dictionary': {
      const { dictionary, values: indices } = data
      if (type.values.kind !== 'utf8' || type.index.bits === 64 || dictionary?.nullCount !== 0) return undefined
      const kinds = { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array }
      const index = littleEndianView<ArrayLike<number>>(kinds[type.index.bits], indices ?? new Uint8Array())
      const { values: texts = new Uint8Array() } = dictionary
      return textFiller(bindings, texts, placesOf(dictionary, type.values.large), row => index[row] ?? 0)
    }
    default:
      return undefined
  }
}

function bytesFiller(bindings: DuckDBBindings, values: Uint8Array, width: number): VectorFiller {
  const { buffer, byteOffset } = values
  return (vector, from, rowCount) => bindings.copy_data_to_vector(vector, 0, buffer, byteOffset + from * width, rowCount * width)
}

function bitsFiller(bindings: DuckDBBindings, values: Uint8Array): VectorFiller {
  return (vector, from, rowCount) => {
    const bytes = new Uint8Array(rowCount)
    for (let row = 0; row < rowCount; row++) bytes[row] = ((values[(from + row) >> 3] ?? 0) >> (row & 7)) & 1
    bindings.copy_data_to_vector(vector, 0, bytes.buffer, 0, rowCount)
  }
}

/** DuckDB keeps decimals in as few bytes as their digits need: the low ones of Arrow's. */
function decimalFiller(bindings: DuckDBBindings, values: Uint8Array, width: number, precision: number): VectorFiller | undefined {
  const own = precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16
  if (own > width) return undefined
  if (own === width) return bytesFiller(bindings, values, width)
  return (vector, from, rowCount) => {
    const bytes = new Uint8Array(rowCount * own)
    for (let row = 0; row < rowCount; row++) {
      const at = (from + row) * width
      for (let byte = 0; byte < own; byte++) bytes[row * own + byte] = values[at + byte] ?? 0
    }
    bindings.copy_data_to_vector(vector, 0, bytes.buffer, 0, bytes.length)
  }
}

/** An entry is the length in 32 bits, and the text itself if it is short. */
function textFiller(
  bindings: DuckDBBindings,
  texts: Uint8Array,
  places: ArrayLike<number>,
  valueAt: (row: number) => number,
): VectorFiller {
  return (vector, from, rowCount) => {
    const entries = new Uint8Array(rowCount * entryBytes)
    const long: number[] = []
    for (let row = 0, at = 0; row < rowCount; row++, at += entryBytes) {
      const value = valueAt(from + row)
      const start = places[value] ?? 0
      const byteCount = (places[value + 1] ?? 0) - start
      if (byteCount > inlineBytes) {
        long.push(row)
        continue
      }
      entries[at] = byteCount
      for (let byte = 0; byte < byteCount; byte++) entries[at + 4 + byte] = texts[start + byte] ?? 0
    }
    bindings.copy_data_to_vector(vector, 0, entries.buffer, 0, entries.length)
    for (const row of long) {
      const value = valueAt(from + row)
      bindings.vector_assign_string_element_len(vector, row, texts.subarray(places[value] ?? 0, places[value + 1] ?? 0))
    }
  }
}

function placesOf({ offsets = new Uint8Array() }: ColumnData, large: boolean): ArrayLike<number> {
  return large ? Float64Array.from(littleEndianView(BigInt64Array, offsets), Number) : littleEndianView(Int32Array, offsets)
}
