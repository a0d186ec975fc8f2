import { WaymarkError } from '../model/errors.ts'
import type { Cell } from './arrow-cell.ts'
import type { ColumnField, ColumnType, TimeUnit } from './columnar.ts'

/** What is used of a type of `@duckdb/node-api`. */
export interface DuckDBColumnType {
  readonly typeId: number
  readonly width?: number
  readonly scale?: number
  readonly valueType?: DuckDBColumnType
  readonly keyType?: DuckDBColumnType
  readonly length?: number
  readonly entryNames?: readonly string[]
  readonly entryTypes?: readonly DuckDBColumnType[]
  readonly memberTags?: readonly string[]
  readonly memberTypes?: readonly DuckDBColumnType[]
}

/** A column of a result, and how its values become cells. */
export interface DuckDBColumn {
  readonly field: ColumnField
  /** @throws RangeError for what the column cannot hold */
  readonly take: (value: unknown) => Cell
}

/** @throws WaymarkError `unsupported` naming the column and its type */
export function duckDBColumn(name: string, type: DuckDBColumnType): DuckDBColumn {
  const { type: own, take, metadata } = flat(type) ?? nested(name, type)
  return { field: { name, type: own, nullable: true, ...(metadata === undefined ? {} : { metadata }) }, take }
}

interface Taken {
  readonly type: ColumnType
  readonly take: (value: unknown) => Cell
  readonly metadata?: ReadonlyMap<string, string>
}

const int = (bits: 8 | 16 | 32 | 64, signed: boolean): Taken => ({ type: { kind: 'int', bits, signed }, take: plainCell })
const decimal = (precision: number, scale: number, take: (value: unknown) => Cell): Taken => ({
  type: { kind: 'decimal', bits: 128, precision, scale },
  take,
})
const timestamp = (unit: TimeUnit, property: string, timezone?: string): Taken => ({
  type: { kind: 'timestamp', unit, ...(timezone === undefined ? {} : { timezone }) },
  take: finite(property),
})

/** By the numbers of DuckDB's types. */
function flat(type: DuckDBColumnType): Taken | undefined {
  switch (type.typeId) {
    case 1:
      return { type: { kind: 'bool' }, take: plainCell }
    case 2:
      return int(8, true)
    case 3:
      return int(16, true)
    case 4:
      return int(32, true)
    case 5:
      return int(64, true)
    case 6:
      return int(8, false)
    case 7:
      return int(16, false)
    case 8:
      return int(32, false)
    case 9:
      return int(64, false)
    case 10:
      return { type: { kind: 'float', bits: 32 }, take: plainCell }
    case 11:
      return { type: { kind: 'float', bits: 64 }, take: plainCell }
    case 12:
      return timestamp('us', 'micros')
    case 13:
      return { type: { kind: 'date', unit: 'day' }, take: finite('days') }
    case 14:
      return { type: { kind: 'time', unit: 'us' }, take: value => cellOf(value, 'micros') }
    case 15:
      return { type: { kind: 'interval', unit: 'month-day-nano' }, take: interval }
    case 16:
    case 32:
      return decimal(38, 0, hugeInteger)
    case 17:
      return { type: { kind: 'utf8', large: false }, take: plainCell }
    case 18:
      return { type: { kind: 'binary', large: false }, take: value => cellOf(value, 'bytes') }
    case 19:
      return decimal(type.width ?? 38, type.scale ?? 0, value => cellOf(value, 'value'))
    case 20:
      return timestamp('s', 'seconds')
    case 21:
      return timestamp('ms', 'millis')
    case 22:
      return timestamp('ns', 'nanos')
    case 23:
      return {
        type: {
          kind: 'dictionary',
          index: { bits: 32, signed: true },
          values: { kind: 'utf8', large: false },
          ordered: false,
          id: nextId(),
        },
        take: plainCell,
      }
    case 27:
      return {
        type: { kind: 'fixed-binary', bytes: 16 },
        take: uuidBytes,
        metadata: new Map([['ARROW:extension:name', 'arrow.uuid']]),
      }
    case 31:
      return timestamp('us', 'micros', 'UTC')
    case 36:
      return { type: { kind: 'null' }, take: () => null }
    case 39:
      return { type: { kind: 'time', unit: 'ns' }, take: value => cellOf(value, 'nanos') }
    default:
      return undefined
  }
}

let ids = 0
/** Of a dictionary: each column has its own. */
const nextId = (): number => ids++

function nested(name: string, type: DuckDBColumnType): Taken {
  const { valueType, keyType, length = 0, entryNames = [], entryTypes = [], memberTags = [], memberTypes = [] } = type
  const named = (names: readonly string[], types: readonly DuckDBColumnType[]): DuckDBColumn[] =>
    names.map((part, at) => duckDBColumn(part, types[at] ?? unknownType))
  switch (type.typeId) {
    case 24:
    case 33: {
      const item = duckDBColumn('item', valueType ?? unknownType)
      const kind: ColumnType =
        type.typeId === 24
          ? { kind: 'list', large: false, item: item.field }
          : { kind: 'fixed-list', size: length, item: item.field }
      return { type: kind, take: value => listOf(value, 'items').map(nullable(item.take)) }
    }
    case 25: {
      const parts = named(entryNames, entryTypes)
      return {
        type: { kind: 'struct', fields: parts.map(({ field }) => field) },
        take: value => {
          const entries = objectOf(value, 'entries')
          return parts.map(({ field, take }) => nullable(take)(Reflect.get(entries, field.name)))
        },
      }
    }
    case 26: {
      const key = duckDBColumn('key', keyType ?? unknownType)
      const part = duckDBColumn('value', valueType ?? unknownType)
      const fields = [{ ...key.field, nullable: false }, part.field]
      return {
        type: { kind: 'map', keysSorted: false, entries: { name: 'entries', nullable: false, type: { kind: 'struct', fields } } },
        take: value =>
          listOf(value, 'entries').map(entry => [
            nullable(key.take)(property(entry, 'key')),
            nullable(part.take)(property(entry, 'value')),
          ]),
      }
    }
    case 28: {
      const parts = named(memberTags, memberTypes)
      return {
        type: { kind: 'union', mode: 'dense', typeIds: parts.map((_, at) => at), fields: parts.map(({ field }) => field) },
        take: value => {
          const field = memberTags.indexOf(String(property(value, 'tag')))
          return { field, value: nullable(parts[field]?.take ?? plainCell)(property(value, 'value')) }
        },
      }
    }
    default:
      throw new WaymarkError('unsupported', {
        message: `the column ${name} has the DuckDB type ${String(type)}, which cannot be kept exactly`,
        means: 'Nothing was saved.',
        remedy: 'Cast it in the query, for instance to VARCHAR.',
        details: { column: name, type: String(type) },
      })
  }
}

const unknownType: DuckDBColumnType = { typeId: 0 }

const nullable =
  (take: (value: unknown) => Cell) =>
  (value: unknown): Cell =>
    value === null || value === undefined ? null : take(value)

function plainCell(value: unknown): Cell {
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string')
    return value
  if (value instanceof Uint8Array) return value
  throw new RangeError(`an unknown value of type ${typeof value}`)
}

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

const cellOf = (value: unknown, name: string): Cell => plainCell(property(value, name))

function finite(name: string): (value: unknown) => Cell {
  return value => {
    if (property(value, 'isFinite') === false) throw new RangeError('an infinite date')
    return cellOf(value, name)
  }
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const items = property(value, name)
  if (Array.isArray(items)) return items
  throw new RangeError('a value that is no list')
}

function objectOf(value: unknown, name: string): object {
  const entries = property(value, name)
  if (typeof entries === 'object' && entries !== null) return entries
  throw new RangeError('a value that is no struct')
}

function interval(value: unknown): Cell {
  const [months, days, micros] = [property(value, 'months'), property(value, 'days'), property(value, 'micros')]
  if (typeof months !== 'number' || typeof days !== 'number' || typeof micros !== 'bigint')
    throw new RangeError('no span of time')
  const nanoseconds = micros * 1000n
  if (BigInt.asIntN(64, nanoseconds) !== nanoseconds) throw new RangeError('a span of time beyond 292 years in nanoseconds')
  return { months, days, nanoseconds }
}

function hugeInteger(value: unknown): Cell {
  if (typeof value === 'bigint' && value < 10n ** 38n && value > -(10n ** 38n)) return value
  throw new RangeError('a whole number of more than 38 digits')
}

function uuidBytes(value: unknown): Cell {
  const stored = property(value, 'hugeint')
  if (typeof stored !== 'bigint') throw new RangeError('no UUID')
  const number = BigInt.asUintN(128, stored ^ (1n << 127n))
  return new Uint8Array(Buffer.from(number.toString(16).padStart(32, '0'), 'hex'))
}
