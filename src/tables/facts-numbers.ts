import type { FixedColumn } from './canonical-column.ts'
import type { ColumnType } from './columnar.ts'
import { factValue } from './facts-value.ts'
import { littleEndianView } from './little-endian-view.ts'

/** What the numbers of a column are like. Infinite ones and NaNs are counted and not part of the rest. */
export interface NumberFacts {
  /** As `factValue` shows them; undefined where there is none. */
  readonly min: number | string | undefined
  readonly max: number | string | undefined
  readonly mean: number | undefined
  readonly nans: number
  readonly infinities: number
}

/** The least or the greatest value so far. */
interface Bound {
  readonly value: number
  readonly bytes: Uint8Array
  /** Where in the bytes it begins. */
  readonly at: number
}

/** Over the values as numbers, of a column that comes in parts. What is too wide for that loses digits in the mean alone. */
export class NumberCounter {
  readonly #type: ColumnType
  #min: Bound | undefined
  #max: Bound | undefined
  #shownMin: number | string | undefined
  #shownMax: number | string | undefined
  #nans = 0
  #infinities = 0
  #counted = 0
  #sum = 0
  #lost = 0

  constructor(type: ColumnType) {
    this.#type = type
  }

  add(column: FixedColumn): void {
    const { rowCount, present, bytes, width } = column
    const type = this.#type
    const numbers = numbersOf(column, type)
    let minRow = -1
    let maxRow = -1
    let min = this.#min?.value ?? Number.POSITIVE_INFINITY
    let max = this.#max?.value ?? Number.NEGATIVE_INFINITY
    let hasMin = this.#min !== undefined
    let hasMax = this.#max !== undefined
    let sum = this.#sum
    let lost = this.#lost
    let counted = this.#counted
    const isExact = type.kind === 'float' || width <= 4
    const boundAt = (row: number, before: Bound | undefined): Bound =>
      row < 0 && before !== undefined ? before : { value: 0, bytes, at: row * width }
    for (let row = 0; row < rowCount; row++) {
      if (present !== undefined && present[row] === 0) continue
      const value = numbers[row] ?? 0
      const difference = value - value
      if (difference !== 0) {
        if (Number.isNaN(value)) this.#nans++
        else this.#infinities++
        continue
      }
      if (
        !hasMin ||
        (isExact || !isNear(value, min) ? value < min : isLess(boundAt(row, undefined), boundAt(minRow, this.#min), width, type))
      ) {
        min = value
        minRow = row
        hasMin = true
      }
      if (
        !hasMax ||
        (isExact || !isNear(value, max) ? value > max : isLess(boundAt(maxRow, this.#max), boundAt(row, undefined), width, type))
      ) {
        max = value
        maxRow = row
        hasMax = true
      }
      // Neumaier's sum: what rounding loses is added at the end, so that the order of rows does not show.
      const next = sum + value
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
      sum = next
      counted++
    }
    this.#sum = sum
    this.#lost = lost
    this.#counted = counted
    if (minRow >= 0) {
      this.#min = { value: min, bytes: bytes.slice(minRow * width, (minRow + 1) * width), at: 0 }
      this.#shownMin = shownNumber(column, type, minRow, min)
    }
    if (maxRow >= 0) {
      this.#max = { value: max, bytes: bytes.slice(maxRow * width, (maxRow + 1) * width), at: 0 }
      this.#shownMax = shownNumber(column, type, maxRow, max)
    }
  }

  result(): NumberFacts {
    const total = Number.isFinite(this.#sum) ? this.#sum + this.#lost : this.#sum
    return {
      min: this.#shownMin,
      max: this.#shownMax,
      mean: this.#counted === 0 || !Number.isFinite(total) ? undefined : total / this.#counted + 0,
      nans: this.#nans,
      infinities: this.#infinities,
    }
  }
}

/** The sign of a zero is shown, too. */
const shownNumber = (column: FixedColumn, type: ColumnType, row: number, value: number): number | string =>
  type.kind === 'float' ? value : factValue(column, type, row)

/** So close that rounding decides. */
function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.abs(b) * 2 ** -50
}

/** Integers, compared as they are. */
function isLess(a: Bound, b: Bound, width: number, type: ColumnType): boolean {
  for (let byte = width - 1; byte >= 0; byte--) {
    const flip = byte === width - 1 && !(type.kind === 'int' && !type.signed) ? 0x80 : 0
    const difference = ((a.bytes[a.at + byte] ?? 0) ^ flip) - ((b.bytes[b.at + byte] ?? 0) ^ flip)
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
