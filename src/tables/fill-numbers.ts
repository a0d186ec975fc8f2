import type { BatchValues } from './batch-values.ts'
import type { ColumnPlan } from './column-plan.ts'
import { type ColumnValues, refusedCell } from './column-values.ts'
import type { ColumnType, TimeUnit } from './columnar.ts'
import { decimalUnits } from './decimal-units.ts'
import { fixedWidth } from './fixed-width.ts'
import { isLittleEndianMachine, swapped } from './little-endian-view.ts'
import { typeText } from './type-text.ts'

/** A batch of numbers that is being written. */
interface NumberBatch extends BatchValues {
  readonly type: ColumnType
  /** Bytes of a value. */
  readonly width: number
  /** Where the values are written. */
  readonly bytes: Uint8Array
}

/** What the values of a column of numbers are written with: gives the bytes, notes what is not there. */
export function fillNumbers({ type, form }: ColumnPlan, values: BatchValues): Uint8Array {
  const { column, from, to, absent } = values
  const width = fixedWidth(type)
  if (width === undefined) throw new TypeError(`${type.kind} is no number`)
  const bytes = new Uint8Array((to - from) * width)
  const batch: NumberBatch = { ...values, type, width, bytes }
  if (form === 'none') for (let index = from; index < to; index++) absent.note(index - from, column.values[index])
  else if (type.kind === 'float') fillFloats(batch, type.bits === 32)
  else if (type.kind === 'decimal') fillDecimals(batch, type)
  else if (form === 'number') fillIntegers(batch)
  else if (form === 'date') fillDates(batch)
  else fillBigInts(batch)
  return isLittleEndianMachine || type.kind === 'decimal' ? bytes : swapped(bytes, width)
}

function fillFloats({ bytes, column, from, to, absent }: NumberBatch, isShort: boolean): void {
  const { values } = column
  const floats = isShort ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer)
  for (let index = from; index < to; index++) {
    const value = values[index]
    if (typeof value !== 'number') absent.note(index - from, value)
    else {
      if (isShort && Math.fround(value) !== value && !Number.isNaN(value))
        throw refusedCell(column, index, 'has more digits than a float32 holds', 'Give the column the type float64.')
      floats[index - from] = Number.isNaN(value) ? Number.NaN : value
    }
  }
}

function fillIntegers({ type, width, bytes, column, from, to, absent }: NumberBatch): void {
  const { values } = column
  const [least, most] = safeRange(type, width)
  const wide = width === 8
  const narrow = narrowArray(width, bytes)
  for (let index = from; index < to; index++) {
    const value = values[index]
    if (typeof value !== 'number') {
      absent.note(index - from, value)
      continue
    }
    if (!(value >= least && value <= most) || !Number.isInteger(value) || Object.is(value, -0))
      throw doesNotFit(type, column, index)
    const at = index - from
    if (wide) {
      narrow[at * 2] = value
      narrow[at * 2 + 1] = Math.floor(value / 0x1_0000_0000)
    } else narrow[at] = value
  }
}

/** Of 64 bits the two halves. */
function narrowArray(width: number, bytes: Uint8Array): Int32Array | Int16Array | Int8Array {
  if (width === 1) return new Int8Array(bytes.buffer)
  return width === 2 ? new Int16Array(bytes.buffer) : new Int32Array(bytes.buffer)
}

/** Numbers of this type that are exact. */
function safeRange(type: ColumnType, width: number): readonly [number, number] {
  const signed = type.kind !== 'int' || type.signed
  if (width === 8) return [signed ? Number.MIN_SAFE_INTEGER : 0, Number.MAX_SAFE_INTEGER]
  return signed ? [-(2 ** (width * 8 - 1)), 2 ** (width * 8 - 1) - 1] : [0, 2 ** (width * 8) - 1]
}

function fillBigInts({ type, width, bytes, column, from, to, absent }: NumberBatch): void {
  const { values } = column
  const view = new DataView(bytes.buffer)
  const bits = width * 8
  const signed = type.kind !== 'int' || type.signed
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n
  const most = signed ? 2n ** BigInt(bits - 1) : 2n ** BigInt(bits)
  const wide = width === 8 ? new BigInt64Array(bytes.buffer) : undefined
  for (let index = from; index < to; index++) {
    const value = values[index]
    const at = index - from
    if (typeof value !== 'bigint') absent.note(at, value)
    else if (value < least || value >= most) throw doesNotFit(type, column, index)
    else if (wide !== undefined) wide[at] = value
    else if (width === 4) view.setUint32(at * 4, Number(BigInt.asUintN(32, value)), true)
    else if (width === 2) view.setUint16(at * 2, Number(BigInt.asUintN(16, value)), true)
    else view.setUint8(at, Number(BigInt.asUintN(8, value)))
  }
}

const perSecond: Readonly<Record<TimeUnit, bigint>> = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n }
const dayMs = 86_400_000

function fillDates({ type, width, bytes, column, from, to, absent }: NumberBatch): void {
  const { values } = column
  const halves = new Int32Array(bytes.buffer)
  const unit = type.kind === 'timestamp' ? type.unit : 'ms'
  const wide = unit === 'us' || unit === 'ns' ? new BigInt64Array(bytes.buffer) : undefined
  const factor = perSecond[unit] / 1_000n
  for (let index = from; index < to; index++) {
    const value = values[index]
    const at = index - from
    if (!(value instanceof Date)) {
      absent.note(at, value)
      continue
    }
    const time = value.getTime()
    if (Number.isNaN(time)) throw refusedCell(column, index, 'is an invalid Date', 'Put null in its place.')
    if (wide !== undefined) {
      const scaled = BigInt(time) * factor
      if (BigInt.asIntN(64, scaled) !== scaled) throw doesNotFit(type, column, index)
      wide[at] = scaled
      continue
    }
    const divisor = type.kind === 'date' ? (width === 4 ? dayMs : 1) : unit === 's' ? 1_000 : 1
    const whole = time / divisor
    if (!Number.isInteger(whole) || (type.kind === 'date' && time % dayMs !== 0))
      throw refusedCell(
        column,
        index,
        `does not fit ${typeText(type)}: it is not a whole ${type.kind === 'date' ? 'day (midnight in UTC)' : 'second'}`,
        'Give the column the type timestamp[ms].',
      )
    if (width === 4) halves[at] = whole
    else {
      halves[at * 2] = whole
      halves[at * 2 + 1] = Math.floor(whole / 0x1_0000_0000)
    }
  }
}

function fillDecimals({ bytes, column, from, to, absent }: NumberBatch, type: ColumnType & { kind: 'decimal' }): void {
  const view = new DataView(bytes.buffer)
  const words = type.bits / 32
  const limit = 10n ** BigInt(type.precision)
  for (let index = from; index < to; index++) {
    const value = column.values[index]
    const at = index - from
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
      absent.note(at, value)
      continue
    }
    const units = decimalUnits(value, type.scale)
    if (units === undefined || units >= limit || units <= -limit) throw doesNotFit(type, column, index)
    for (let word = 0; word < words; word++)
      view.setUint32((at * words + word) * 4, Number(BigInt.asUintN(32, units >> BigInt(word * 32))), true)
  }
}

function doesNotFit(type: ColumnType, column: ColumnValues, index: number): Error {
  const isWhole = type.kind !== 'int' || Number.isInteger(Number(column.values[index]))
  return refusedCell(
    column,
    index,
    `does not fit ${typeText(type)}`,
    type.kind === 'decimal'
      ? `Write it with ${type.scale} decimals ('12.50'), or give the column another type.`
      : isWhole
        ? 'Give the column a wider type.'
        : 'Give the column the type float64.',
  )
}
