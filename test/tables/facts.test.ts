import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ColumnType } from '../../src/tables/columnar.ts'
import { type ColumnFacts, type TableFacts, tableFacts } from '../../src/tables/facts.ts'
import { anyTable, inDictionaries } from './any-table.ts'
import { type Cell, field, tableOf } from './table-building.ts'

const int64: ColumnType = { kind: 'int', bits: 64, signed: true }
const float64: ColumnType = { kind: 'float', bits: 64 }
const utf8: ColumnType = { kind: 'utf8', large: false }

function long(value: bigint | number): Uint8Array {
  return new Uint8Array(BigInt64Array.of(BigInt(value)).buffer)
}

function double(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value).buffer)
}

function factsOf(type: ColumnType, cells: readonly Cell[]): ColumnFacts {
  const [facts] = tableFacts(
    tableOf(
      [field('c', type)],
      cells.map(cell => [cell]),
    ),
  ).columns
  assert.ok(facts)
  return facts
}

test('A14 the facts of a table are its shape, types, nulls, different values, ranges and means', () => {
  const fields = [field('n', int64), field('x', float64), field('name', utf8), field('ok', { kind: 'bool' })]
  const rows = [
    [long(3), double(1.5), 'b', true],
    [long(-1), null, 'a', false],
    [long(3), double(2.5), null, true],
    [long(7), double(1.5), 'ä', true],
  ]
  assert.deepStrictEqual(tableFacts(tableOf(fields, rows, { batchRows: 3 })), {
    rows: 4,
    columns: [
      { name: 'n', type: 'int64', nulls: 0, distinct: 3, min: -1, max: 7, mean: 3 },
      { name: 'x', type: 'float64', nulls: 1, distinct: 2, min: 1.5, max: 2.5, mean: 5.5 / 3 },
      { name: 'name', type: 'utf8', nulls: 1, distinct: 3, min: 'a', max: 'ä' },
      { name: 'ok', type: 'bool', nulls: 0, distinct: 2, mean: 0.75 },
    ],
  } satisfies TableFacts)
})

test('A14 NaN and infinite numbers are counted apart from ranges and means', () => {
  const cells = [Number.NaN, 1, Number.POSITIVE_INFINITY, 3, Number.NEGATIVE_INFINITY].map(double)
  assert.deepStrictEqual(factsOf(float64, cells), {
    name: 'c',
    type: 'float64',
    nulls: 0,
    distinct: 5,
    min: 1,
    max: 3,
    mean: 2,
    nans: 1,
    infinities: 2,
  })
  assert.equal('min' in factsOf(float64, [double(Number.NaN)]), false)
})

test('A14 integers that are equal as floating-point numbers have their exact range, as digits', () => {
  const { min, max } = factsOf(int64, [2n ** 60n + 1n, 2n ** 60n, 2n ** 60n + 3n, 2n ** 60n + 2n].map(long))
  assert.deepStrictEqual([min, max], [String(2n ** 60n), String(2n ** 60n + 3n)])
  const unsigned = factsOf({ kind: 'int', bits: 64, signed: false }, [long(-1), long(-2), long(1)])
  assert.deepStrictEqual([unsigned.min, unsigned.max], [1, '18446744073709551615'])
})

test('A14 decimals keep their digits', () => {
  const decimal = (value: bigint) => new Uint8Array(BigInt64Array.of(BigInt.asIntN(64, value), value >> 64n).buffer)
  const type: ColumnType = { kind: 'decimal', bits: 128, precision: 38, scale: 2 }
  const { min, max, mean } = factsOf(type, [decimal(-5n), decimal(10n ** 37n + 1n), decimal(10n ** 37n)])
  assert.deepStrictEqual([min, max], ['-0.05', `1${'0'.repeat(35)}.01`])
  assert.ok(Math.abs((mean ?? 0) / (2e35 / 3) - 1) < 1e-12)
})

test('A14 dates and times are told as ISO 8601, in the precision of their unit', () => {
  const range = (type: ColumnType, cells: readonly Cell[]) => [factsOf(type, cells).min, factsOf(type, cells).max]
  const days = (...counts: readonly number[]) => counts.map(count => new Uint8Array(Int32Array.of(count).buffer))
  assert.deepStrictEqual(range({ kind: 'date', unit: 'day' }, days(19_724, -1)), ['1969-12-31', '2024-01-02'])
  assert.deepStrictEqual(range({ kind: 'date', unit: 'ms' }, [long(86_400_000)]), ['1970-01-02', '1970-01-02'])
  assert.deepStrictEqual(range({ kind: 'timestamp', unit: 'us' }, [long(-1), long(1_000_000)]), [
    '1969-12-31T23:59:59.999999',
    '1970-01-01T00:00:01',
  ])
  assert.deepStrictEqual(range({ kind: 'timestamp', unit: 'ns', timezone: 'Europe/Berlin' }, [long(1n), long(2n ** 63n - 1n)]), [
    '1970-01-01T00:00:00.000000001Z',
    '2262-04-11T23:47:16.854775807Z',
  ])
  assert.deepStrictEqual(range({ kind: 'time', unit: 'us' }, [long(34_200_000_000), long(1)]), ['00:00:00.000001', '09:30:00'])
  assert.deepStrictEqual(range({ kind: 'timestamp', unit: 's' }, [long(2n ** 62n)]).at(0), `${2n ** 62n} s since 1970`)
})

test('A14 long text is shortened, between characters', () => {
  const { min, max } = factsOf(utf8, ['🦜'.repeat(61), 'z'.repeat(60), ''])
  assert.deepStrictEqual([min, max], ['', `${'🦜'.repeat(59)}…`])
})

test('A14 different values are counted exactly up to 4,096', () => {
  for (const count of [0, 1, 63, 64, 65, 1000, 4096]) {
    const cells = Array.from({ length: 2 * count }, (_, row) => long(row % Math.max(1, count)))
    const { distinct, distinctIsEstimate } = factsOf(int64, cells)
    assert.deepStrictEqual([distinct, distinctIsEstimate], [count, undefined])
    assert.equal(
      factsOf(
        utf8,
        cells.map((_, row) => `value ${row % Math.max(1, count)}`),
      ).distinct,
      count,
    )
  }
})

test('A14 beyond, the estimate of different values is within four standard errors of 0.8 %', () => {
  for (const count of [4097, 10_000, 40_000, 150_000]) {
    const numbers = Float64Array.from({ length: count }, (_, row) => row / 4)
    const data = { rowCount: count, nullCount: 0, values: new Uint8Array(numbers.buffer) }
    const facts = tableFacts({ fields: [field('x', float64)], rowCount: count, batches: [{ rowCount: count, columns: [data] }] })
    assert.equal(facts.columns[0]?.distinctIsEstimate, true)
    const error = Math.abs((facts.columns[0]?.distinct ?? 0) / count - 1)
    assert.ok(error < 4 * 0.0081, `${count}: ${error}`)
  }
  const texts = factsOf(
    utf8,
    Array.from({ length: 20_000 }, (_, row) => `order-${row}`),
  )
  assert.ok(Math.abs(texts.distinct / 20_000 - 1) < 4 * 0.0081, `${texts.distinct}`)
})

test('A14 facts are the same however rows are ordered, batched and held, and JSON holds all of them', () => {
  fc.assert(
    fc.property(anyTable(), fc.integer({ min: 1, max: 9 }), fc.boolean(), ({ fields, rows }, batchRows, garbage) => {
      const facts = tableFacts(tableOf(fields, rows))
      assert.deepStrictEqual(JSON.parse(JSON.stringify(facts)), facts)
      const held = tableFacts(tableOf(inDictionaries(fields), rows.toReversed(), { batchRows, garbage }))
      const comparable = (given: TableFacts) => ({
        ...given,
        columns: given.columns.map(({ mean, ...rest }) => ({ ...rest, type: '', hasMean: mean !== undefined })),
      })
      assert.deepStrictEqual(comparable(held), comparable(facts))
    }),
    { numRuns: 200 },
  )
})

test('A14 the time column is the first date or timestamp column, with its range and frequency', () => {
  const fields = [
    field('x', float64),
    field('at', { kind: 'timestamp', unit: 'ms', timezone: 'UTC' }),
    field('later', { kind: 'date', unit: 'ms' }),
  ]
  const rows = [2, 0, 1, 4].map((minute): Cell[] => [double(minute), long(minute * 60_000), long(0)])
  const { time } = tableFacts(tableOf(fields, rows))
  assert.deepStrictEqual(time, { column: 'at', from: '1970-01-01T00:00:00Z', to: '1970-01-01T00:04:00Z', frequency: 'irregular' })
  assert.equal('time' in tableFacts(tableOf(fields.slice(0, 1), [])), false)
})

test('A14 a day is a day where clocks are put forward: midnight in Berlin is daily, midnight of workdays in Tokyo business daily', () => {
  const facts = (timezone: string, seconds: readonly number[]) =>
    tableFacts(
      tableOf(
        [field('at', { kind: 'timestamp', unit: 's', timezone })],
        seconds.map(second => [long(second)]),
      ),
    ).time?.frequency
  const summer = Date.UTC(2024, 2, 30, 22) / 1000
  const berlin = Array.from(
    { length: 40 },
    (_, day) => Date.UTC(2024, 2, 10 + day) / 1000 - (Date.UTC(2024, 2, 10 + day) / 1000 > summer + 86_400 ? 7200 : 3600),
  )
  assert.equal(facts('Europe/Berlin', berlin), 'daily')
  const workdays = Array.from({ length: 60 }, (_, day) => Date.UTC(2024, 0, 1 + day)).filter(
    day => ![0, 6].includes(new Date(day).getUTCDay()),
  )
  const tokyo = workdays.map(day => day / 1000 - 9 * 3600)
  assert.deepStrictEqual([facts('Asia/Tokyo', tokyo), facts('UTC', tokyo)], ['business daily', 'irregular'])
})

test('A14 different values are counted alike whatever their width, nulls apart', () => {
  const cells = fc.array(fc.option(fc.integer({ min: 1, max: 20 })), { maxLength: 100 })
  fc.assert(
    fc.property(cells, fc.constantFrom(8, 16, 32, 64), (values, bits) => {
      const type: ColumnType = { kind: 'int', bits, signed: true }
      const { distinct, nulls } = factsOf(
        type,
        values.map(value => (value === null ? null : long(value).subarray(0, bits / 8))),
      )
      const there = values.filter(value => value !== null)
      assert.deepStrictEqual([distinct, nulls], [new Set(there).size, values.length - there.length])
    }),
  )
})

test('A14 an estimate follows from the bytes alone: numbers of 32 bits give that of the same bytes one by one', () => {
  const cells = Array.from({ length: 10_000 }, (_, row) => long(row * 7_919).subarray(0, 4))
  const numbers = factsOf({ kind: 'int', bits: 32, signed: true }, cells)
  const bytes = factsOf({ kind: 'binary', large: false }, cells)
  assert.deepStrictEqual([numbers.distinctIsEstimate, numbers.distinct], [true, bytes.distinct])
})
