import { Buffer } from 'node:buffer'
import type { ColumnPlan, ColumnSide } from './column-plan.ts'
import type { ColumnData, ColumnType, TimeUnit } from './columnar.ts'
import { decimalText } from './decimal-units.ts'
import { fixedWidth } from './fixed-width.ts'
import { littleEndianView } from './little-endian-view.ts'
import { objectsOf } from './row-objects.ts'
import { textsOf } from './row-texts.ts'

/** The values of one batch of a column as they were given. Where there is none: null or undefined; that a key is missing, the shape of its object tells. */
export function valuesOf(plan: ColumnPlan, data: ColumnData, side: ColumnSide | null | undefined): unknown[] {
  const values = presentValues(plan, data, side)
  if (data.nullCount > 0) clearAbsent(values, data, side?.undefineds)
  return values
}

function presentValues(plan: ColumnPlan, data: ColumnData, side: ColumnSide | null | undefined): unknown[] {
  const { rowCount, values = noBytes } = data
  switch (plan.type.kind) {
    case 'null':
      return new Array(rowCount).fill(null)
    case 'bool':
      return booleans(values, rowCount)
    case 'utf8':
      return textsOf(values, offsetsOf(data, plan.type.large))
    case 'binary':
      return slices(values, offsetsOf(data, plan.type.large), plan.form)
    case 'fixed-binary': {
      const { bytes } = plan.type
      return slices(
        values,
        Array.from({ length: rowCount + 1 }, (_, index) => index * bytes),
        plan.form,
      )
    }
    case 'list':
      return lists(plan, data, offsetsOf(data, plan.type.large), side)
    case 'fixed-list': {
      const { size } = plan.type
      return lists(
        plan,
        data,
        Array.from({ length: rowCount + 1 }, (_, index) => index * size),
        side,
      )
    }
    case 'struct': {
      const columns = plan.children.map((child, index) =>
        valuesOf(child, data.children?.[index] ?? noColumn, side?.children?.[index]),
      )
      return objectsOf(
        plan.children.map(child => child.name),
        plan.shapes ?? [],
        columns,
        rowCount,
        side?.shapeIds,
      )
    }
    case 'dictionary':
      return dictionaryValues(plan, plan.type.index, data)
    default:
      return numbers(plan, values, rowCount)
  }
}

const noBytes = new Uint8Array(0)
const noColumn: ColumnData = { rowCount: 0, nullCount: 0 }

function clearAbsent(values: unknown[], { validity, rowCount }: ColumnData, undefineds: Uint8Array | undefined): void {
  for (let index = 0; index < rowCount; index++) {
    const bit = 1 << (index & 7)
    if (validity !== undefined && ((validity[index >> 3] ?? 0) & bit) !== 0) continue
    values[index] = undefineds !== undefined && ((undefineds[index >> 3] ?? 0) & bit) !== 0 ? undefined : null
  }
}

function booleans(bits: Uint8Array, rowCount: number): unknown[] {
  const values: unknown[] = new Array(rowCount)
  for (let index = 0; index < rowCount; index++) values[index] = ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0
  return values
}

/** Offsets are below 2 GiB, whatever their width: the value holds no more. */
function offsetsOf({ offsets = noBytes }: ColumnData, large: boolean): ArrayLike<number> {
  if (!large) return littleEndianView(Int32Array, offsets)
  return Array.from(littleEndianView(BigInt64Array, offsets), Number)
}

function slices(values: Uint8Array, offsets: ArrayLike<number>, form: ColumnPlan['form']): unknown[] {
  const found: unknown[] = new Array(offsets.length - 1)
  for (let index = 0; index < found.length; index++) {
    const slice = values.slice(offsets[index], offsets[index + 1])
    found[index] = form === 'buffer' ? Buffer.from(slice.buffer) : slice
  }
  return found
}

function lists(plan: ColumnPlan, data: ColumnData, offsets: ArrayLike<number>, side: ColumnSide | null | undefined): unknown[] {
  const [item] = plan.children
  if (item === undefined) return []
  const items = valuesOf(item, data.children?.[0] ?? noColumn, side?.children?.[0])
  const found: unknown[] = new Array(data.rowCount)
  for (let index = 0; index < found.length; index++) found[index] = items.slice(offsets[index], offsets[index + 1])
  return found
}

function dictionaryValues(
  plan: ColumnPlan,
  index: { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean },
  data: ColumnData,
): unknown[] {
  const [child] = plan.children
  if (child === undefined || data.dictionary === undefined) return new Array(data.rowCount).fill(null)
  const distinct = valuesOf(child, data.dictionary, undefined)
  const places = numbers({ ...plan, type: { kind: 'int', ...index }, form: 'number' }, data.values ?? noBytes, data.rowCount)
  return places.map(place => distinct[Number(place)])
}

function numbers(plan: ColumnPlan, bytes: Uint8Array, rowCount: number): unknown[] {
  const { type, form } = plan
  const width = fixedWidth(type) ?? 1
  if (type.kind === 'decimal') return decimals(bytes, type, form, rowCount)
  if (form === 'bigint') return bigints(bytes, type, width)
  if (form === 'date') return dates(bytes, type, width)
  if (type.kind === 'float')
    return type.bits === 32 ? Array.from(littleEndianView(Float32Array, bytes)) : doubles(littleEndianView(Float64Array, bytes))
  return integers(bytes, type, width, rowCount)
}

function doubles(floats: Float64Array): unknown[] {
  const values: unknown[] = new Array(floats.length)
  for (let index = 0; index < floats.length; index++) values[index] = floats[index]
  return values
}

const signedArrays = { 1: Int8Array, 2: Int16Array, 4: Int32Array } as const
const unsignedArrays = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array } as const

function integers(bytes: Uint8Array, type: ColumnType, width: number, rowCount: number): unknown[] {
  const signed = type.kind !== 'int' || type.signed
  const values: unknown[] = new Array(rowCount)
  if (width === 8) {
    const low = littleEndianView(Uint32Array, bytes)
    const high = littleEndianView(Int32Array, bytes)
    for (let index = 0; index < rowCount; index++)
      values[index] = (high[index * 2 + 1] ?? 0) * 0x1_0000_0000 + (low[index * 2] ?? 0)
    return values
  }
  const kinds = signed ? signedArrays : unsignedArrays
  const numbers: ArrayLike<number> = littleEndianView<ArrayLike<number>>(
    width === 1 ? kinds[1] : width === 2 ? kinds[2] : kinds[4],
    bytes,
  )
  for (let index = 0; index < rowCount; index++) values[index] = numbers[index]
  return values
}

function bigints(bytes: Uint8Array, type: ColumnType, width: number): unknown[] {
  const signed = type.kind !== 'int' || type.signed
  if (width === 8) return Array.from(signed ? littleEndianView(BigInt64Array, bytes) : littleEndianView(BigUint64Array, bytes))
  return integers(bytes, type, width, bytes.length / width).map(value => BigInt(Number(value)))
}

/** How many of the units are a millisecond; where there are less than one, how many milliseconds one is. */
const unitsPerMs: Readonly<Record<TimeUnit, number>> = { s: 1, ms: 1, us: 1_000, ns: 1_000_000 }

function dates(bytes: Uint8Array, type: ColumnType, width: number): unknown[] {
  const values: unknown[] = new Array(bytes.length / width)
  const unit = type.kind === 'timestamp' ? type.unit : 'ms'
  if (unit === 'us' || unit === 'ns') {
    const wide = littleEndianView(BigInt64Array, bytes)
    const divisor = BigInt(unitsPerMs[unit])
    for (let index = 0; index < values.length; index++) values[index] = new Date(Number((wide[index] ?? 0n) / divisor))
    return values
  }
  const factor = width === 4 ? 86_400_000 : unit === 's' ? 1_000 : 1
  const counts = integers(bytes, type, width, values.length)
  for (let index = 0; index < values.length; index++) values[index] = new Date(Number(counts[index]) * factor)
  return values
}

function decimals(
  bytes: Uint8Array,
  type: Extract<ColumnType, { kind: 'decimal' }>,
  form: ColumnPlan['form'],
  rowCount: number,
): unknown[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const words = type.bits / 32
  const unit = 10n ** BigInt(Math.abs(type.scale))
  return Array.from({ length: rowCount }, (_, index) => {
    let units = 0n
    for (let word = words - 1; word >= 0; word--)
      units = (units << 32n) | BigInt(view.getUint32((index * words + word) * 4, true))
    units = BigInt.asIntN(type.bits, units)
    if (form === 'bigint') return type.scale >= 0 ? units / unit : units * unit
    const text = decimalText(units, type.scale)
    return form === 'number' ? Number(text) : text
  })
}
