import type { FixedColumn } from './canonical-column.ts'
import type { ColumnType } from './columnar.ts'
import { littleEndianView } from './little-endian-view.ts'

/** What the numbers of a column are like. Infinite ones and NaNs are counted and not part of the rest. */
export interface NumberFacts {
  /** Rows of the least and the greatest value; -1 where there is none. */
  readonly minRow: number
  readonly maxRow: number
  readonly mean: number | undefined
  readonly nans: number
  readonly infinities: number
}

/** Over the values as numbers. What is too wide for that loses digits in the mean alone. */
export function numberFacts(column: FixedColumn, type: ColumnType): NumberFacts {
  const { rowCount, present } = column
  const numbers = numbersOf(column, type)
  let [minRow, maxRow] = [-1, -1]
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let [nans, infinities, counted] = [0, 0, 0]
  let [sum, lost] = [0, 0]
  const isExact = type.kind === 'float' || column.width <= 4
  for (let row = 0; row < rowCount; row++) {
    if (present !== undefined && present[row] === 0) continue
    const value = numbers[row] ?? 0
    const difference = value - value
    if (difference !== 0) {
      if (Number.isNaN(value)) nans++
      else infinities++
      continue
    }
    if (minRow < 0 || (isExact || !isNear(value, min) ? value < min : isLess(column, type, row, minRow)))
      [min, minRow] = [value, row]
    if (maxRow < 0 || (isExact || !isNear(value, max) ? value > max : isLess(column, type, maxRow, row)))
      [max, maxRow] = [value, row]
    // Neumaier's sum: what rounding loses is added at the end, so that the order of rows does not show.
    const next = sum + value
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
    sum = next
    counted++
  }
  const total = Number.isFinite(sum) ? sum + lost : sum
  return { minRow, maxRow, mean: counted === 0 || !Number.isFinite(total) ? undefined : total / counted + 0, nans, infinities }
}

/** So close that rounding decides. */
function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.abs(b) * 2 ** -50
}

/** Integers, compared as they are. */
function isLess({ bytes, width }: FixedColumn, type: ColumnType, a: number, b: number): boolean {
  for (let at = width - 1; at >= 0; at--) {
    const flip = at === width - 1 && !(type.kind === 'int' && !type.signed) ? 0x80 : 0
    const difference = ((bytes[a * width + at] ?? 0) ^ flip) - ((bytes[b * width + at] ?? 0) ^ flip)
    if (difference !== 0) return difference < 0
  }
  return false
}

type Numbers = Float64Array | Float32Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array

function numbersOf({ bytes, width, rowCount }: FixedColumn, type: ColumnType): Numbers {
  if (type.kind === 'float') {
    if (type.bits === 16) return halves(littleEndianView(Uint16Array, bytes))
    return type.bits === 64 ? littleEndianView(Float64Array, bytes) : littleEndianView(Float32Array, bytes)
  }
  const isSigned = !(type.kind === 'int' && !type.signed) && type.kind !== 'bool'
  if (width === 1) return isSigned ? littleEndianView(Int8Array, bytes) : bytes
  if (width === 2) return isSigned ? littleEndianView(Int16Array, bytes) : littleEndianView(Uint16Array, bytes)
  if (width === 4) return isSigned ? littleEndianView(Int32Array, bytes) : littleEndianView(Uint32Array, bytes)
  return wideIntegers(littleEndianView(Uint32Array, bytes), width / 4, rowCount, isSigned)
}

function wideIntegers(words: Uint32Array, count: number, rowCount: number, isSigned: boolean): Float64Array {
  const numbers = new Float64Array(rowCount)
  for (let row = 0; row < rowCount; row++) {
    const top = words[row * count + count - 1] ?? 0
    let value = isSigned ? top | 0 : top
    for (let word = count - 2; word >= 0; word--) value = value * 2 ** 32 + (words[row * count + word] ?? 0)
    numbers[row] = value
  }
  return numbers
}

function halves(bits: Uint16Array): Float64Array {
  return Float64Array.from(bits, half => {
    const exponent = (half >> 10) & 31
    const fraction = half & 0x3ff
    const size =
      exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : exponent === 0
          ? fraction * 2 ** -24
          : (1024 + fraction) * 2 ** (exponent - 25)
    return half & 0x8000 ? -size : size
  })
}
