import type { ColumnData, ColumnField, ColumnType } from './columnar.ts'
import { littleEndianView } from './little-endian-view.ts'

/** All parts of a span of time, whatever its unit. */
export interface IntervalCell {
  readonly months: number
  readonly days: number
  readonly nanoseconds: bigint
}

/** A value of a union, and which of its fields it is of. */
export interface UnionCell {
  readonly field: number
  readonly value: Cell
}

/**
 * A value exactly as its column holds it: whole numbers, dates and times of 32 bits as numbers, of 64 as bigints; decimals as bigints without their point; a struct as the values of its fields
 * in their order, a map as pairs; of a dictionary the value that is meant.
 */
export type Cell = null | boolean | number | bigint | string | Uint8Array | IntervalCell | UnionCell | readonly Cell[]

export type CellReader = (row: number) => Cell

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads the values of a column one by one. */
export function cellReader(type: ColumnType, data: ColumnData): CellReader {
  const read = valueReader(type, data)
  const { validity } = data
  if (type.kind === 'null' || validity === undefined) return read
  return row => ((((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 0 ? null : read(row))
}

function valueReader(type: ColumnType, data: ColumnData): CellReader {
  const { values = new Uint8Array() } = data
  switch (type.kind) {
    case 'null':
      return () => null
    case 'bool':
      return row => (((values[row >> 3] ?? 0) >> (row & 7)) & 1) === 1
    case 'int':
      return integerReader(type, values)
    case 'float':
      return floatReader(type.bits, values)
    case 'decimal':
      return decimalReader(type.bits, values)
    case 'utf8': {
      const at = placeReader(data, type.large)
      return row => decoder.decode(values.subarray(at(row), at(row + 1)))
    }
    case 'binary': {
      const at = placeReader(data, type.large)
      return row => values.subarray(at(row), at(row + 1))
    }
    case 'fixed-binary':
      return row => values.subarray(row * type.bytes, (row + 1) * type.bytes)
    case 'date':
      return integerReader({ bits: type.unit === 'day' ? 32 : 64, signed: true }, values)
    case 'time':
      return integerReader({ bits: type.unit === 's' || type.unit === 'ms' ? 32 : 64, signed: true }, values)
    case 'timestamp':
    case 'duration':
      return integerReader({ bits: 64, signed: true }, values)
    case 'interval':
      return intervalReader(type.unit, values)
    default:
      return nestedReader(type, data)
  }
}

function nestedReader(type: ColumnType, data: ColumnData): CellReader {
  switch (type.kind) {
    case 'list':
      return listReader(childReader(type.item, data, 0), placeReader(data, type.large))
    case 'map':
      return listReader(childReader(type.entries, data, 0), placeReader(data, false))
    case 'fixed-list':
      return listReader(childReader(type.item, data, 0), row => row * type.size)
    case 'struct': {
      const fields = type.fields.map((field, at) => childReader(field, data, at))
      return row => fields.map(read => read(row))
    }
    case 'union': {
      const fields = type.fields.map((field, at) => childReader(field, data, at))
      const place: (row: number) => number = type.mode === 'dense' ? placeReader(data, false) : row => row
      const typeIds = littleEndianView(Int8Array, data.typeIds ?? new Uint8Array())
      return row => {
        const field = type.typeIds.indexOf(typeIds[row] ?? 0)
        return { field, value: fields[field]?.(place(row)) ?? null }
      }
    }
    case 'dictionary': {
      const index = integerReader(type.index, data.values ?? new Uint8Array())
      const { dictionary } = data
      if (dictionary === undefined) return () => null
      const read = cellReader(type.values, dictionary)
      const known: Cell[] = []
      return row => {
        const at = Number(index(row))
        const cell = known[at]
        if (cell !== undefined) return cell
        const value = read(at)
        known[at] = value
        return value
      }
    }
    default:
      throw new TypeError(`no nested type: ${type.kind}`)
  }
}

function childReader(field: ColumnField, { children = [] }: ColumnData, at: number): CellReader {
  const child = children[at]
  if (child === undefined) throw new RangeError(`a column lacks its part ${field.name}`)
  return cellReader(field.type, child)
}

const listReader =
  (read: CellReader, place: (row: number) => number): CellReader =>
  row => {
    const cells: Cell[] = []
    for (let at = place(row), end = place(row + 1); at < end; at++) cells.push(read(at))
    return cells
  }

function placeReader({ offsets = new Uint8Array() }: ColumnData, large: boolean): (row: number) => number {
  if (large) {
    const places = littleEndianView(BigInt64Array, offsets)
    return row => Number(places[row] ?? 0n)
  }
  const places = littleEndianView(Int32Array, offsets)
  return row => places[row] ?? 0
}

function integerReader(
  { bits, signed }: { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean },
  bytes: Uint8Array,
): (row: number) => number | bigint {
  if (bits === 64) {
    const wide = littleEndianView<BigInt64Array | BigUint64Array>(signed ? BigInt64Array : BigUint64Array, bytes)
    return row => wide[row] ?? 0n
  }
  const kinds = signed ? { 8: Int8Array, 16: Int16Array, 32: Int32Array } : { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array }
  const numbers = littleEndianView<ArrayLike<number>>(kinds[bits], bytes)
  return row => numbers[row] ?? 0
}

function floatReader(bits: 16 | 32 | 64, bytes: Uint8Array): CellReader {
  if (bits === 16) {
    const halves = littleEndianView(Uint16Array, bytes)
    return row => half(halves[row] ?? 0)
  }
  const numbers = littleEndianView<ArrayLike<number>>(bits === 32 ? Float32Array : Float64Array, bytes)
  return row => numbers[row] ?? 0
}

function half(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

function decimalReader(bits: number, bytes: Uint8Array): CellReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bits === 32) return row => BigInt(view.getInt32(row * 4, true))
  const words = bits / 64
  return row => {
    let value = view.getBigInt64((row * words + words - 1) * 8, true)
    for (let word = words - 2; word >= 0; word--) value = (value << 64n) | view.getBigUint64((row * words + word) * 8, true)
    return value
  }
}

function intervalReader(unit: 'year-month' | 'day-time' | 'month-day-nano', bytes: Uint8Array): CellReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (unit) {
    case 'year-month':
      return row => ({ months: view.getInt32(row * 4, true), days: 0, nanoseconds: 0n })
    case 'day-time':
      return row => ({
        months: 0,
        days: view.getInt32(row * 8, true),
        nanoseconds: BigInt(view.getInt32(row * 8 + 4, true)) * 1_000_000n,
      })
    case 'month-day-nano':
      return row => ({
        months: view.getInt32(row * 16, true),
        days: view.getInt32(row * 16 + 4, true),
        nanoseconds: view.getBigInt64(row * 16 + 8, true),
      })
  }
}
