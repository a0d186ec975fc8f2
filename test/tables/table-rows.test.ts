import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { isWaymarkError, type TableSchema } from 'waymark'
import { DamagedTable } from '../../src/tables/damaged-table.ts'
import { readStoredTable } from '../../src/tables/read-stored-table.ts'
import { schemaFields } from '../../src/tables/schema-fields.ts'
import { storedTable } from '../../src/tables/stored-table.ts'
import { rowsPerBatch, tableFromRows } from '../../src/tables/table-from-rows.ts'
import { tableToRows } from '../../src/tables/table-to-rows.ts'
import { anyRows as rows } from './any-rows.ts'

const fieldsOf = (schema: TableSchema | undefined) => (schema === undefined ? undefined : schemaFields(schema))

/** Through the stored form and its checks, as a load does. */
function back(rows: readonly unknown[], schema?: TableSchema): readonly unknown[] {
  const made = tableFromRows(rows, fieldsOf(schema))
  const read = readStoredTable(storedTable(made.table, made, new Uint8Array(32), schema !== undefined))
  assert.ok(read.rows)
  return tableToRows({ table: read.table, ...read.rows })
}

const typeOf = (rows: readonly unknown[], schema?: TableSchema): unknown =>
  tableFromRows(rows, fieldsOf(schema)).table.fields[0]?.type

test('[A1] rows of any columns come back identical: order of keys, null, undefined and missing, -0 and NaN', () => {
  fc.assert(
    fc.property(rows, given => assert.deepStrictEqual(back(given), given)),
    { numRuns: 400 },
  )
})

test('[A1] values that change the type of a column after its first batch are as exact as those before', () => {
  const many = (value: (index: number) => unknown) =>
    Array.from({ length: rowsPerBatch + 3 }, (_, index) => ({ value: value(index), index }))
  const late = (first: unknown, last: unknown) => many(index => (index > rowsPerBatch ? last : first))
  for (const given of [
    late(1, 0.5),
    late(null, 'x'),
    late(1, 2 ** 40),
    late(1n, 2n ** 63n),
    late(undefined, [1, null]),
    late('', '€'),
  ])
    assert.ok(isDeepStrictEqual(back(given), given))
  const appearing = [...many(() => 1), { index: 1, late: { a: [{ b: 1 }] } }, { late: null, index: 2 }]
  assert.ok(isDeepStrictEqual(back(appearing), appearing))
})

test('[A1] numbers get the narrowest type that gives each of them back', () => {
  const int = (bits: number, signed = true) => ({ kind: 'int', bits, signed })
  assert.deepEqual(typeOf([{ a: 1 }, { a: -(2 ** 31) }]), int(32))
  assert.deepEqual(typeOf([{ a: 1 }, { a: 2 ** 31 }]), int(64))
  for (const a of [-0, Number.NaN, Number.POSITIVE_INFINITY, 0.5, 2 ** 53])
    assert.deepEqual(typeOf([{ a: 1 }, { a }]), { kind: 'float', bits: 64 })
  assert.deepEqual(typeOf([{ a: 1n }]), int(64))
  assert.deepEqual(typeOf([{ a: 2n ** 63n }]), int(64, false))
  assert.deepEqual(typeOf([{ a: 2n ** 64n }]), { kind: 'decimal', bits: 128, precision: 38, scale: 0 })
})

const noon = new Date('2026-11-21T12:00:00.123Z')
const midnight = new Date('2026-11-21T00:00:00Z')
const fitting: readonly (readonly [string, readonly unknown[]])[] = [
  ...['int8', 'int16', 'int32', 'int64'].map(type => [type, [1, -128, null]] as const),
  ...['uint8', 'uint16', 'uint32', 'uint64'].map(type => [type, [0, 255]] as const),
  ['uint32', [4_294_967_295]],
  ['int64', [-(2n ** 63n), 2n ** 63n - 1n]],
  ['int16', [-5n, undefined]],
  ['uint64', [2n ** 64n - 1n]],
  ['float32', [0.5, Number.NaN, -0]],
  ['float64', [1, 0.1]],
  ['bool', [true, null, false]],
  ['utf8', ['', 'ß']],
  ['large_utf8', ['a', undefined, '€']],
  ['binary', [Uint8Array.of(1), Uint8Array.of()]],
  ['large_binary', [Buffer.from('x')]],
  ['fixed_binary[2]', [Uint8Array.of(1, 2), null, Uint8Array.of(3, 4)]],
  ['date', [midnight, null]],
  ['date[ms]', [midnight]],
  ['date', [20_000]],
  ['timestamp[s]', [midnight]],
  ['timestamp[ms]', [noon]],
  ['timestamp[us, Europe/Berlin]', [noon, new Date(-1)]],
  ['timestamp[ns]', [noon]],
  ['timestamp[ns]', [123_456_789_012_345_678n]],
  ['time[s]', [86_399]],
  ['time[ns]', [1n]],
  ['duration[ms]', [-5]],
  ['decimal(12,2)', ['12.50', '-0.01', null]],
  ['decimal(12,2)', [12.5, -7]],
  ['decimal(40,0)', [10n ** 39n]],
  ['decimal(9,-2)', ['1200', '0']],
  ['list<utf8>', [['a'], [], [null, undefined]]],
  ['fixed_list<int8>[2]', [[1, 2], null, [3, 4]]],
  ['struct<a: int8, b: list<utf8>>', [{ b: ['x'], a: 1 }, {}, { a: null }]],
  ['dictionary<utf8>', ['a', 'b', 'a', null]],
  ['dictionary<float64, uint8>', [0, -0, Number.NaN]],
  ['null', [null, undefined]],
]

for (const [type, values] of fitting) {
  test(`[A1] what fits ${type} comes back as it was given: ${values.map(String).join(', ')}`, () => {
    const given = values.map(value => ({ value }))
    assert.deepStrictEqual(back(given, { value: type }), given)
    assert.deepStrictEqual(back([], { value: type }), [])
  })
}

const unfit: readonly (readonly [string, unknown])[] = [
  ['int8', 300],
  ['int8', 1.5],
  ['int32', -0],
  ['uint8', -1],
  ['int64', 2n ** 63n],
  ['int64', 2 ** 53],
  ['uint64', -1n],
  ['int32', '1'],
  ['float32', 0.1],
  ['utf8', 1],
  ['utf8', '\ud800'],
  ['bool', 1],
  ['binary', 'x'],
  ['fixed_binary[2]', Uint8Array.of(1)],
  ['date', noon],
  ['timestamp[s]', noon],
  ['timestamp[ms]', new Date(Number.NaN)],
  ['timestamp[ns]', new Date(8.64e15)],
  ['decimal(4,2)', '123.45'],
  ['decimal(4,2)', '1.5'],
  ['decimal(4,2)', '-0.00'],
  ['decimal(4,2)', '01.50'],
  ['decimal(4,2)', 0.001],
  ['list<int8>', [300]],
  ['fixed_list<int8>[2]', [1]],
  ['struct<a: int8>', { b: 1 }],
]

for (const [type, value] of unfit) {
  test(`[A1] ${typeof value === 'object' ? JSON.stringify(value) : String(value)} is no ${type}, which is refused with row and column`, () => {
    assert.throws(
      () => tableFromRows([{ value: null }, { value }], fieldsOf({ value: type })),
      error => {
        assert.ok(isWaymarkError(error, 'invalid'))
        assert.match(error.message, /column "value|"value"/)
        assert.equal(error.details['row'], 1)
        return true
      },
    )
  })
}

test('[A1] a column of several kinds is refused with the first two rows that differ, in whatever batch they are', () => {
  const far = Array.from({ length: rowsPerBatch + 2 }, (_, index) => ({
    a: index === rowsPerBatch + 1 ? 'x' : index === 0 ? null : index,
  }))
  for (const [given, at] of [
    [
      [{ a: null }, { a: 1 }, {}, { a: 'x' }],
      [1, 3],
    ],
    [far, [1, rowsPerBatch + 1]],
    [
      [{ a: [1] }, { a: ['b'] }],
      [0, 1],
    ],
  ] as const)
    assert.throws(
      () => tableFromRows(given, undefined),
      error => {
        assert.ok(isWaymarkError(error, 'invalid'))
        assert.match(error.message, /several kinds/)
        assert.deepEqual(error.details['rows'], at)
        return true
      },
    )
})

test('[A1] what is no row, and what a row cannot hold, is refused', () => {
  class Order {}
  const getter = {
    get a() {
      return 1
    },
  }
  for (const given of [
    [1],
    [null],
    [[1]],
    [new Order()],
    [new Map()],
    [{ a: new Map() }],
    [{ a: () => 1 }],
    [{ a: Symbol('a') }],
    [getter],
  ])
    assert.throws(
      () => tableFromRows(given, undefined),
      error => isWaymarkError(error, 'invalid'),
    )
  assert.throws(
    () => tableFromRows([{ a: 1, b: 2 }], fieldsOf({ a: 'int8' })),
    error => isWaymarkError(error, 'invalid') && /"b" that is not in the schema/.test(error.message),
  )
})

test('[E3] a stored table with any part changed is read as a table or refused, and never beyond its buffers', () => {
  const made = tableFromRows(
    [
      { a: 1, b: 'äb', c: [1, null], d: { x: true }, e: 1n },
      { b: '', a: null, c: [], e: undefined },
    ],
    undefined,
  )
  const stored = () => structuredClone(storedTable(made.table, made, new Uint8Array(32), false))
  let refused = 0
  const hurt: readonly unknown[] = [
    -1,
    0,
    1,
    3,
    2 ** 40,
    'x',
    null,
    undefined,
    [],
    {},
    new Uint8Array(3),
    new Uint8Array(9).fill(255),
    true,
  ]
  for (const path of pathsIn(stored())) {
    for (const value of hurt) {
      const copy: unknown = stored()
      setAt(copy, path, value)
      try {
        const read = readStoredTable(copy)
        if (read.rows !== undefined) tableToRows({ table: read.table, ...read.rows })
      } catch (error) {
        assert.ok(error instanceof DamagedTable, `${path.join('.')} = ${String(value)}: ${String(error)}`)
        refused++
      }
    }
  }
  assert.ok(refused > 1_000)
})

const hostile: readonly (readonly [string, readonly string[], unknown])[] = [
  ['offsets that do not ascend', ['batches', '0', 'columns', '1', 'offsets'], new Uint8Array(Int32Array.of(0, 9, 3).buffer)],
  ['offsets that do not begin at 0', ['batches', '0', 'columns', '1', 'offsets'], new Uint8Array(Int32Array.of(2, 3, 3).buffer)],
  ['text that is not UTF-8', ['batches', '0', 'columns', '1', 'values'], Uint8Array.of(0xc3, 0x28, 0x62)],
  [
    'a text that begins within a character',
    ['batches', '0', 'columns', '1', 'offsets'],
    new Uint8Array(Int32Array.of(0, 1, 3).buffer),
  ],
  ['values that are too short', ['batches', '0', 'columns', '0', 'values'], new Uint8Array(4)],
  ['another number of nulls', ['batches', '0', 'columns', '0', 'nulls'], 2],
  ['bits behind the last row', ['batches', '0', 'columns', '0', 'validity'], Uint8Array.of(5)],
  ['a shape that there is not', ['batches', '0', 'shapeIds'], Uint8Array.of(0, 9)],
  ['a key that is no column', ['shapes', '0', '0'], 9],
  ['an index beyond its dictionary', ['batches', '0', 'columns', '4', 'values'], new Uint8Array(Int32Array.of(0, 7).buffer)],
  ['a form that its type cannot have', ['plans', '0', 'form'], 'date'],
  ['rows without bytes', ['batches', '0', 'columns', '5', 'blank'], new Uint8Array(0)],
]

for (const [what, path, value] of hostile) {
  test(`[E3] ${what} in a stored table is damage`, () => {
    const schema = fieldsOf({ a: 'int32', b: 'utf8', c: 'list<null>', d: 'bool', e: 'dictionary<utf8>', f: 'null' })
    const made = tableFromRows(
      [
        { a: 1, b: 'ä', c: [null], d: true, e: 'x', f: null },
        { b: 'b', a: null, c: [], d: null, e: 'y' },
      ],
      schema,
    )
    const stored = structuredClone(storedTable(made.table, made, new Uint8Array(32), true))
    assert.ok(readStoredTable(stored).rows)
    setAt(stored, path, value)
    assert.throws(() => readStoredTable(stored), DamagedTable)
  })
}

function pathsIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  return Object.entries(value).flatMap(([name, child]) => [[...path, name], ...pathsIn(child, [...path, name])])
}

function setAt(value: unknown, path: readonly string[], to: unknown): void {
  const last = path.at(-1) ?? ''
  const holder = path.slice(0, -1).reduce((at: unknown, name) => Reflect.get(Object(at), name), value)
  Reflect.set(Object(holder), last, to)
}
