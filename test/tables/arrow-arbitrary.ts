import * as arrow from 'apache-arrow'
import fc from 'fast-check'

type Type = arrow.DataType

/** A type, and an arbitrary of values that its builder takes. */
interface Kind {
  readonly type: Type
  readonly value: fc.Arbitrary<unknown>
}

const within = (bits: number, signed: boolean): fc.Arbitrary<number> =>
  fc.integer(signed ? { min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 } : { min: 0, max: 2 ** bits - 1 })
const wide = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const bytes = fc.uint8Array({ maxLength: 9 })
const text = fc.string({ unit: 'grapheme', maxLength: 6 })

const units = [arrow.TimeUnit.SECOND, arrow.TimeUnit.MILLISECOND, arrow.TimeUnit.MICROSECOND, arrow.TimeUnit.NANOSECOND]
/** Within the digits of the type. */
const decimalWords = (words: number): fc.Arbitrary<Uint32Array> => {
  const most = 10n ** BigInt(words * 9) - 1n
  return fc
    .bigInt({ min: -most, max: most })
    .map(value => Uint32Array.from({ length: words }, (_, word) => Number((value >> BigInt(word * 32)) & 0xffff_ffffn)))
}

const flat: readonly Kind[] = [
  { type: new arrow.Bool(), value: fc.boolean() },
  { type: new arrow.Int8(), value: within(8, true) },
  { type: new arrow.Int16(), value: within(16, true) },
  { type: new arrow.Int32(), value: within(32, true) },
  { type: new arrow.Int64(), value: wide },
  { type: new arrow.Uint8(), value: within(8, false) },
  { type: new arrow.Uint16(), value: within(16, false) },
  { type: new arrow.Uint32(), value: within(32, false) },
  { type: new arrow.Uint64(), value: unsigned },
  { type: new arrow.Float16(), value: fc.constantFrom(0, -0, 1, 0.5, Number.NaN, -Infinity, 65504) },
  { type: new arrow.Float32(), value: fc.float() },
  { type: new arrow.Float64(), value: fc.double() },
  { type: new arrow.Utf8(), value: text },
  { type: new arrow.LargeUtf8(), value: text },
  { type: new arrow.Binary(), value: bytes },
  { type: new arrow.LargeBinary(), value: bytes },
  { type: new arrow.FixedSizeBinary(5), value: fc.uint8Array({ minLength: 5, maxLength: 5 }) },
  { type: new arrow.DateDay(), value: fc.integer({ min: -40_000, max: 90_000 }).map(days => new Date(days * 86_400_000)) },
  {
    type: new arrow.DateMillisecond(),
    value: fc.integer({ min: -40_000, max: 90_000 }).map(days => new Date(days * 86_400_000)),
  },
  ...[1, 2, 4, 8].map(words => ({ type: new arrow.Decimal(2, words * 9, words * 32), value: decimalWords(words) })),
  ...units.map((unit, at) => ({ type: new arrow.Time(unit, at < 2 ? 32 : 64), value: at < 2 ? fc.nat({ max: 86_399 }) : wide })),
  ...units.map(unit => ({ type: new arrow.Duration(unit), value: wide })),
  ...units.flatMap(unit =>
    [undefined, 'Europe/Berlin'].map(zone => ({
      type: new arrow.Timestamp(unit, zone),
      value: fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }).map(seconds => seconds * 1000),
    })),
  ),
  { type: new arrow.IntervalYearMonth(), value: fc.integer().map(months => Int32Array.of(months)) },
  { type: new arrow.IntervalDayTime(), value: fc.tuple(fc.integer(), fc.integer()).map(parts => Int32Array.from(parts)) },
  {
    type: new arrow.IntervalMonthDayNano(),
    value: fc.tuple(fc.integer(), fc.integer(), fc.integer(), fc.integer()).map(parts => Int32Array.from(parts)),
  },
]

const fieldOf = (name: string, { type }: Kind): arrow.Field => new arrow.Field(name, type, true, new Map([['of', name]]))

const orNull = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.option(value, { freq: 4, nil: null })

function nested(inner: fc.Arbitrary<Kind>): fc.Arbitrary<Kind> {
  return fc.oneof(
    inner.map(kind => ({
      type: new arrow.List(fieldOf('item', kind)),
      value: fc.array(orNull(kind.value), { maxLength: 4 }),
    })),
    inner.map(kind => ({
      type: new arrow.FixedSizeList(2, fieldOf('item', kind)),
      value: fc.array(orNull(kind.value), { minLength: 2, maxLength: 2 }),
    })),
    fc.tuple(inner, inner).map(([a, b]) => ({
      type: new arrow.Struct([fieldOf('a', a), fieldOf('b', b)]),
      value: fc.record({ a: orNull(a.value), b: orNull(b.value) }),
    })),
    inner.map(kind => ({
      type: new arrow.Map_(
        new arrow.Field<arrow.Struct<{ key: arrow.Utf8; value: arrow.DataType }>>(
          'entries',
          new arrow.Struct<{ key: arrow.Utf8; value: arrow.DataType }>([
            new arrow.Field('key', new arrow.Utf8(), false),
            fieldOf('value', kind),
          ]),
          false,
        ),
      ),
      value: fc
        .uniqueArray(fc.tuple(text, orNull(kind.value)), { maxLength: 3, selector: ([key]) => key })
        .map(entries => new Map(entries)),
    })),
  )
}

const flatKind = fc.constantFrom(...flat)
const dictionary = fc
  .constantFrom(new arrow.Int8(), new arrow.Int32(), new arrow.Uint16())
  .map((indices): Kind => ({ type: new arrow.Dictionary(new arrow.Utf8(), indices), value: fc.constantFrom('a', 'bb', 'ç', '') }))
const kinds: fc.Arbitrary<Kind> = fc.oneof(
  { weight: 5, arbitrary: flatKind },
  { weight: 1, arbitrary: dictionary },
  { weight: 3, arbitrary: nested(fc.oneof(flatKind, nested(flatKind))) },
)

/** Tables of random types and values, of several batches, whole and sliced, also without rows or columns. */
export const arrowTables: fc.Arbitrary<arrow.Table> = fc
  .record({
    columns: fc.array(kinds, { maxLength: 4 }),
    sizes: fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
    cut: fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 40 })),
    whole: fc.boolean(),
  })
  .chain(({ columns, sizes, cut, whole }) =>
    fc
      .tuple(
        ...sizes.map(rows =>
          fc.tuple(...columns.map(({ value }) => fc.array(orNull(value), { minLength: rows, maxLength: rows }))),
        ),
      )
      .map(batches => {
        const schema = new arrow.Schema(
          columns.map((kind, at) => fieldOf(`c${at}`, kind)),
          new Map([['made', 'here']]),
        )
        const built = batches.map(
          (data, at) =>
            new arrow.RecordBatch(
              schema,
              arrow.makeData({
                type: new arrow.Struct(schema.fields),
                length: sizes[at] ?? 0,
                nullCount: 0,
                children: data.map((values, column) => vector(columns[column], values)),
              }),
            ),
        )
        const table = new arrow.Table(schema, built)
        return whole || built.length === 0
          ? table
          : table.slice(Math.min(cut[0], table.numRows), Math.min(cut[0] + cut[1], table.numRows))
      }),
  )

function vector(kind: Kind | undefined, values: readonly unknown[]): arrow.Data {
  if (kind === undefined) throw new Error('no such column')
  const [data] = arrow.vectorFromArray(values, kind.type).data
  return data ?? arrow.makeData({ type: kind.type })
}
