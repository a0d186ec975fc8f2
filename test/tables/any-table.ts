import fc from 'fast-check'
import type { ColumnField, ColumnType } from '../../src/tables/columnar.ts'
import { fixedWidth } from '../../src/tables/fixed-width.ts'
import { type Cell, field } from './table-building.ts'

export interface AnyTable {
  readonly fields: readonly ColumnField[]
  readonly rows: readonly (readonly Cell[])[]
}

const units = fc.constantFrom<'s' | 'ms' | 'us' | 'ns'>('s', 'ms', 'us', 'ns')
const bits = fc.constantFrom<8 | 16 | 32 | 64>(8, 16, 32, 64)
const name = fc.string({ unit: 'grapheme', maxLength: 6 })

const flatType: fc.Arbitrary<ColumnType> = fc.oneof(
  fc.constantFrom<ColumnType>(
    { kind: 'null' },
    { kind: 'bool' },
    { kind: 'utf8', large: false },
    { kind: 'utf8', large: true },
    { kind: 'binary', large: false },
    { kind: 'binary', large: true },
    { kind: 'fixed-binary', bytes: 3 },
    { kind: 'fixed-binary', bytes: 0 },
    { kind: 'date', unit: 'day' },
    { kind: 'date', unit: 'ms' },
    { kind: 'interval', unit: 'year-month' },
    { kind: 'interval', unit: 'day-time' },
    { kind: 'interval', unit: 'month-day-nano' },
    { kind: 'decimal', bits: 128, precision: 12, scale: 2 },
    { kind: 'decimal', bits: 256, precision: 50, scale: 0 },
  ),
  fc.record({ bits, signed: fc.boolean() }).map(int => ({ kind: 'int' as const, ...int })),
  fc.constantFrom<16 | 32 | 64>(16, 32, 64).map(bits => ({ kind: 'float' as const, bits })),
  units.map(unit => ({ kind: 'time' as const, unit })),
  units.map(unit => ({ kind: 'duration' as const, unit })),
  fc
    .tuple(units, fc.constantFrom('UTC', 'Europe/Berlin'))
    .map(([unit, timezone]) => ({ kind: 'timestamp' as const, unit, timezone })),
)

function typeOf(depth: number): fc.Arbitrary<ColumnType> {
  if (depth === 0) return flatType
  const inner = typeOf(depth - 1)
  const member = fc.tuple(name, inner).map(([name, type]) => field(name, type))
  const members = fc.array(member, { minLength: 1, maxLength: 3 })
  return fc.oneof(
    { weight: 3, arbitrary: flatType },
    fc.tuple(inner, fc.boolean()).map(([item, large]) => ({ kind: 'list' as const, large, item: field('item', item) })),
    fc.tuple(inner, fc.nat({ max: 3 })).map(([item, size]) => ({ kind: 'fixed-list' as const, size, item: field('item', item) })),
    members.map(fields => ({ kind: 'struct' as const, fields })),
    fc.tuple(flatType, inner).map(([key, value]) => ({
      kind: 'map' as const,
      keysSorted: false,
      entries: field('entries', { kind: 'struct', fields: [field('key', key), field('value', value)] }),
    })),
    fc.tuple(members, fc.constantFrom<'sparse' | 'dense'>('sparse', 'dense')).map(([fields, mode]) => ({
      kind: 'union' as const,
      mode,
      fields,
      typeIds: fields.map((_, at) => 5 - at),
    })),
  )
}

/** The types without dictionaries: which columns are held in one is the layout's business, see `inDictionaries`. */
export function anyTable(): fc.Arbitrary<AnyTable> {
  return fc.array(fc.tuple(name, typeOf(2)), { maxLength: 4 }).chain(columns => {
    const fields = columns.map(([name, type]) => field(name, type))
    const row = fc.tuple(...columns.map(([, type]) => cellOf(type)))
    return fc.record({ fields: fc.constant(fields), rows: fc.array(row, { maxLength: 24 }) })
  })
}

/** Few different values, so that rows repeat. */
function cellOf(type: ColumnType): fc.Arbitrary<Cell> {
  if (type.kind === 'union') return someValue(type)
  return fc.option(someValue(type), { freq: 5, nil: null })
}

function someValue(type: ColumnType): fc.Arbitrary<Cell> {
  const width = fixedWidth(type)
  if (type.kind === 'null') return fc.constant(null)
  if (type.kind === 'bool') return fc.boolean()
  if (width !== undefined && type.kind === 'float') return fc.oneof(smallBytes(width), notNaN(width))
  if (width !== undefined) return fc.oneof(smallBytes(width), fc.uint8Array({ minLength: width, maxLength: width }))
  switch (type.kind) {
    case 'utf8':
      return fc.oneof(fc.constantFrom('', 'a', 'b'), fc.string({ unit: 'grapheme', maxLength: 9 }))
    case 'binary':
      return fc.uint8Array({ maxLength: 60 })
    case 'list':
      return fc.array(cellOf(type.item.type), { maxLength: 3 })
    case 'fixed-list':
      return fc.array(cellOf(type.item.type), { minLength: type.size, maxLength: type.size })
    case 'struct':
      return fc.tuple(...type.fields.map(({ type: member }) => cellOf(member)))
    case 'map':
      return fc.array(someValue(type.entries.type), { maxLength: 2 })
    case 'union':
      return fc
        .nat({ max: type.fields.length - 1 })
        .chain(member => cellOf(type.fields[member]?.type ?? { kind: 'null' }).map(value => ({ member, value })))
    default:
      throw new TypeError(`no values of ${type.kind}`)
  }
}

/** Different bytes of which no two are NaN, as all NaNs are the same: the only one is that of `smallBytes`. */
function notNaN(width: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: width, maxLength: width }).map(bytes => bytes.with(width - 1, (bytes[width - 1] ?? 0) & 0xbf))
}

function smallBytes(width: number): fc.Arbitrary<Uint8Array> {
  return fc.constantFrom(0, 1, 0xff).map(fill => {
    const bytes = new Uint8Array(width).fill(fill)
    if (fill === 1) bytes.fill(0, 1)
    return bytes
  })
}

/** The same columns, held in dictionaries. */
export function inDictionaries(fields: readonly ColumnField[]): readonly ColumnField[] {
  return fields.map(({ name, type }, id) =>
    type.kind === 'union' || type.kind === 'null'
      ? field(name, type)
      : field(name, {
          kind: 'dictionary',
          index: { bits: id % 2 === 0 ? 8 : 32, signed: id % 3 === 0 },
          values: type,
          ordered: false,
          id,
        }),
  )
}
