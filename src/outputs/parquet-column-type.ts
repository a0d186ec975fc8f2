import type { SchemaElement } from 'hyparquet'
import type { Cell } from '../tables/arrow-cell.ts'
import type { ColumnField, ColumnType, TimeUnit } from '../tables/columnar.ts'
import { UnreadableColumn } from './parquet-faults.ts'

/** A column of a file, and how what stands in its pages becomes cells. */
export interface ReadColumn {
  readonly field: ColumnField
  /** @throws Error for what the column cannot hold */
  readonly take: (raw: unknown) => Cell
}

/** An element of the schema with those inside it. */
export interface SchemaNode {
  readonly element: SchemaElement
  readonly children: readonly SchemaNode[]
}

export function schemaNodes(schema: readonly SchemaElement[]): readonly SchemaNode[] {
  let at = 0
  const next = (): SchemaNode => {
    const element = schema[at++]
    if (element === undefined) throw new Error('its schema is cut off')
    if (element.name === '__proto__') throw new Error('a column is named __proto__')
    return { element, children: Array.from({ length: element.num_children ?? 0 }, next) }
  }
  return next().children
}

/** The library makes objects of maps, whose keys would become texts: without the mark they come as they are stored. */
export const withoutMarks = (element: SchemaElement): SchemaElement => {
  const { converted_type, logical_type, ...rest } = element
  return converted_type === 'LIST' || logical_type?.type === 'LIST'
    ? { ...rest, converted_type: 'LIST', logical_type: { type: 'LIST' } }
    : rest
}

export function readColumn({ element, children }: SchemaNode): ReadColumn {
  const { name, repetition_type: repetition } = element
  const { type, take, metadata } = children.length > 0 ? group({ element, children }) : flat(element)
  const one: ReadColumn = {
    field: { name, type, nullable: repetition !== 'REQUIRED', ...(metadata === undefined ? {} : { metadata }) },
    take: raw => (raw === null || raw === undefined ? null : take(raw)),
  }
  return repetition === 'REPEATED' ? repeated(one) : one
}

interface Taken {
  readonly type: ColumnType
  readonly take: (raw: unknown) => Cell
  readonly metadata?: ReadonlyMap<string, string>
}

const repeated = ({ field, take }: ReadColumn): ReadColumn => ({
  field: { name: field.name, nullable: false, type: { kind: 'list', large: false, item: { ...field, nullable: false } } },
  take: raw => (raw === null || raw === undefined ? [] : itemsOf(raw).map(take)),
})

function group({ element, children }: SchemaNode): Taken {
  const mark = element.logical_type?.type ?? element.converted_type
  const [only] = children
  if (mark === 'LIST' && children.length === 1 && only?.element.repetition_type === 'REPEATED') {
    const [inside] = only.children
    const item = readColumn(
      only.children.length === 1 && inside !== undefined
        ? inside
        : { ...only, element: { ...only.element, repetition_type: 'REQUIRED' } },
    )
    return { type: { kind: 'list', large: false, item: item.field }, take: raw => itemsOf(raw).map(item.take) }
  }
  if ((mark === 'MAP' || mark === 'MAP_KEY_VALUE') && children.length === 1 && only !== undefined && only.children.length === 2) {
    const [key, value] = only.children.map(readColumn)
    if (key === undefined || value === undefined) throw new Error(`${element.name} is a map without keys and values`)
    const entry: ColumnType = {
      kind: 'struct',
      fields: [
        { ...key.field, name: 'key' },
        { ...value.field, name: 'value' },
      ],
    }
    return {
      type: { kind: 'map', keysSorted: false, entries: { name: 'entries', nullable: false, type: entry } },
      take: raw =>
        itemsOf(partOf(raw, only.element.name)).map(pair => [
          key.take(partOf(pair, key.field.name)),
          value.take(partOf(pair, value.field.name)),
        ]),
    }
  }
  const fields = children.map(readColumn)
  return {
    type: { kind: 'struct', fields: fields.map(({ field }) => field) },
    take: raw => fields.map(({ field, take }) => take(partOf(raw, field.name))),
  }
}

const itemsOf = (raw: unknown): readonly unknown[] =>
  raw === null || raw === undefined ? [] : Array.isArray(raw) ? raw : Array.from(iterated(raw))
const iterated = (raw: unknown): Iterable<unknown> => {
  if (typeof raw === 'object' && raw !== null && Symbol.iterator in raw && typeof raw[Symbol.iterator] === 'function')
    return Object.values(raw)
  throw new Error('a list that is none')
}
const partOf = (raw: unknown, name: string): unknown =>
  typeof raw === 'object' && raw !== null && Object.hasOwn(raw, name) ? Reflect.get(raw, name) : undefined

function flat(element: SchemaElement): Taken {
  const { type, type_length: bytes = 0, converted_type: converted, logical_type: logical } = element
  switch (type) {
    case 'BOOLEAN':
      return { type: { kind: 'bool' }, take: raw => raw === true || raw === 1 }
    case 'FLOAT':
      return { type: { kind: 'float', bits: 32 }, take: numberOf }
    case 'DOUBLE':
      return { type: { kind: 'float', bits: 64 }, take: numberOf }
    case 'INT32':
      return ofInt32(element)
    case 'INT64':
      return ofInt64(element)
    case 'INT96':
      return { type: { kind: 'timestamp', unit: 'ns' }, take: raw => nanosecondsOf(bigOf(raw), element) }
    case 'BYTE_ARRAY':
      if (isDecimal(element)) return decimal(element, raw => signed(bytesOf(raw)))
      if (
        converted === 'UTF8' ||
        converted === 'ENUM' ||
        converted === 'JSON' ||
        ['STRING', 'ENUM', 'JSON'].includes(logical?.type ?? '')
      )
        return { type: { kind: 'utf8', large: false }, take: raw => decoder.decode(bytesOf(raw)) }
      return { type: { kind: 'binary', large: false }, take: bytesOf }
    case 'FIXED_LEN_BYTE_ARRAY':
      if (isDecimal(element)) return decimal(element, raw => signed(bytesOf(raw)))
      if (logical?.type === 'FLOAT16') return { type: { kind: 'float', bits: 16 }, take: raw => half(bytesOf(raw)) }
      if (logical?.type === 'UUID')
        return {
          type: { kind: 'fixed-binary', bytes },
          take: bytesOf,
          metadata: new Map([['ARROW:extension:name', 'arrow.uuid']]),
        }
      if (converted === 'INTERVAL') return { type: { kind: 'interval', unit: 'month-day-nano' }, take: raw => span(bytesOf(raw)) }
      return { type: { kind: 'fixed-binary', bytes }, take: bytesOf }
    default:
      throw new Error(`the column ${element.name} has no type`)
  }
}

const smallInts = {
  INT_8: [8, true],
  INT_16: [16, true],
  INT_32: [32, true],
  UINT_8: [8, false],
  UINT_16: [16, false],
  UINT_32: [32, false],
} as const

function ofInt32(element: SchemaElement): Taken {
  const { converted_type: converted, logical_type: logical } = element
  if (isDecimal(element)) return decimal(element, raw => BigInt(numberOf(raw)))
  if (converted === 'DATE' || logical?.type === 'DATE') return { type: { kind: 'date', unit: 'day' }, take: numberOf }
  if (converted === 'TIME_MILLIS' || logical?.type === 'TIME') return { type: { kind: 'time', unit: 'ms' }, take: numberOf }
  if (logical?.type === 'NULL') return { type: { kind: 'null' }, take: () => null }
  const [, own] = Object.entries(smallInts).find(([name]) => name === converted) ?? []
  const [bits, isSigned] =
    own ?? (logical?.type === 'INTEGER' ? ([oneOfBits(logical.bitWidth), logical.isSigned] as const) : ([32, true] as const))
  return {
    type: { kind: 'int', bits, signed: isSigned },
    take: raw => (isSigned ? numberOf(raw) : bits === 32 ? numberOf(raw) >>> 0 : numberOf(raw) & (2 ** bits - 1)),
  }
}

const oneOfBits = (width: number): 8 | 16 | 32 => (width === 8 || width === 16 ? width : 32)

function ofInt64(element: SchemaElement): Taken {
  const { converted_type: converted, logical_type: logical } = element
  if (isDecimal(element)) return decimal(element, bigOf)
  if (logical?.type === 'TIMESTAMP')
    return {
      type: { kind: 'timestamp', unit: unitOf(logical.unit), ...(logical.isAdjustedToUTC ? { timezone: 'UTC' } : {}) },
      take: bigOf,
    }
  if (converted === 'TIMESTAMP_MILLIS') return { type: { kind: 'timestamp', unit: 'ms', timezone: 'UTC' }, take: bigOf }
  if (converted === 'TIMESTAMP_MICROS') return { type: { kind: 'timestamp', unit: 'us', timezone: 'UTC' }, take: bigOf }
  if (logical?.type === 'TIME') return { type: { kind: 'time', unit: unitOf(logical.unit) }, take: bigOf }
  if (converted === 'TIME_MICROS') return { type: { kind: 'time', unit: 'us' }, take: bigOf }
  const isUnsigned = converted === 'UINT_64' || (logical?.type === 'INTEGER' && !logical.isSigned)
  return {
    type: { kind: 'int', bits: 64, signed: !isUnsigned },
    take: raw => (isUnsigned ? BigInt.asUintN(64, bigOf(raw)) : bigOf(raw)),
  }
}

const unitOf = (unit: string): TimeUnit => (unit === 'NANOS' ? 'ns' : unit === 'MICROS' ? 'us' : 'ms')

const isDecimal = ({ converted_type, logical_type }: SchemaElement): boolean =>
  converted_type === 'DECIMAL' || logical_type?.type === 'DECIMAL'

function decimal({ precision, scale, logical_type: logical }: SchemaElement, take: (raw: unknown) => bigint): Taken {
  const own = logical?.type === 'DECIMAL' ? logical : undefined
  const digits = own?.precision ?? precision ?? 38
  const most = 10n ** BigInt(digits)
  return {
    type: { kind: 'decimal', bits: digits > 38 ? 256 : 128, precision: digits, scale: own?.scale ?? scale ?? 0 },
    take: raw => {
      const value = take(raw)
      if (value >= most || value <= -most) throw new Error(`a decimal of more than ${digits} digits`)
      return value
    },
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const numberOf = (raw: unknown): number => {
  if (typeof raw === 'number') return raw
  throw new Error('a value that is no number')
}
const bigOf = (raw: unknown): bigint => {
  if (typeof raw === 'bigint') return raw
  throw new Error('a value that is no number of 64 bits')
}
const bytesOf = (raw: unknown): Uint8Array => {
  if (raw instanceof Uint8Array) return raw
  throw new Error('a value that is no bytes')
}

function signed(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(bytes.length * 8, value)
}

function half(bytes: Uint8Array): number {
  const bits = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8)
  const sign = bits >> 15 === 0 ? 1 : -1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

function span(bytes: Uint8Array): Cell {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    months: view.getInt32(0, true),
    days: view.getInt32(4, true),
    nanoseconds: BigInt(view.getUint32(8, true)) * 1_000_000n,
  }
}

/** INT96, a day of the Julian calendar and the nanoseconds of it, as the library has added them up since 1970. */
function nanosecondsOf(value: bigint, { name }: SchemaElement): bigint {
  if (BigInt.asIntN(64, value) === value) return value
  throw new UnreadableColumn(
    `the column ${name} holds a time (INT96) ${value < 0n ? 'before 1677' : 'after 2262'}, which no count of nanoseconds since 1970 in 64 bits can be`,
    `Write the file with ${name} as TIMESTAMP in microseconds (Spark: spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS).`,
    { column: name },
  )
}
