import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import * as arrow from 'apache-arrow'
import fc from 'fast-check'
import { arrowOfColumnar, columnarOfArrow, isArrowTable } from '../../src/tables/arrow-bridge.ts'
import type { ColumnData } from '../../src/tables/columnar.ts'
import { arrowTables } from './arrow-arbitrary.ts'
import { described } from './described-table.ts'

const back = (table: arrow.Table): arrow.Table => {
  const made = arrowOfColumnar(columnarOfArrow(table))
  assert.ok(made instanceof arrow.Table)
  return made
}

test('A1 random Arrow tables, sliced ones and empty ones too, come back equal by value and by schema', () => {
  fc.assert(
    fc.property(arrowTables, table => {
      assert.equal(isArrowTable(table), true)
      assert.deepEqual(described(back(table)), described(table))
    }),
    { numRuns: 300 },
  )
})

test('A1 what comes back can be written as Arrow IPC and read again', () => {
  fc.assert(
    fc.property(arrowTables, table => {
      const again = arrow.tableFromIPC(arrow.tableToIPC(back(table)))
      assert.deepEqual(described(again), described(table))
    }),
    { numRuns: 60 },
  )
})

test('A2 columns begin at row 0, and hold nothing where there is no value nor beyond their rows', () => {
  fc.assert(
    fc.property(arrowTables, table => {
      const { batches, fields } = columnarOfArrow(table)
      const again = columnarOfArrow(back(table))
      assert.deepEqual([again.fields, again.batches], [fields, batches])
      for (const batch of batches) for (const column of batch.columns) checkColumn(column)
    }),
    { numRuns: 100 },
  )
})

function checkColumn({ rowCount, nullCount, validity, offsets, values, children = [] }: ColumnData): void {
  assert.equal(validity?.length ?? 0, nullCount > 0 && validity !== undefined ? (rowCount + 7) >> 3 : 0)
  if (validity !== undefined && rowCount % 8 !== 0) assert.equal((validity.at(-1) ?? 0) >> (rowCount % 8), 0)
  if (offsets !== undefined)
    assert.equal(
      offsets.subarray(0, 4).every(byte => byte === 0),
      true,
    )
  if (offsets !== undefined && values !== undefined) {
    const wide = offsets.length === (rowCount + 1) * 8
    const view = new DataView(offsets.buffer, offsets.byteOffset)
    assert.equal(wide ? Number(view.getBigInt64(rowCount * 8, true)) : view.getInt32(rowCount * 4, true), values.length)
  }
  for (const child of children) checkColumn(child)
}

test('A2 what stood under nulls is gone: texts, numbers, items of lists and fields of structs', () => {
  const secret = new TextEncoder().encode('secret')
  const validity = Uint8Array.of(0b10)
  const text = arrow.makeData({
    type: new arrow.Utf8(),
    length: 2,
    nullCount: 1,
    nullBitmap: validity,
    valueOffsets: Int32Array.of(0, 6, 12),
    data: Buffer.concat([secret, secret]),
  })
  const inner = arrow.makeData({ type: new arrow.Int32(), length: 2, data: Int32Array.of(42, 7) })
  const struct = arrow.makeData({
    type: new arrow.Struct([new arrow.Field('n', new arrow.Int32(), true)]),
    length: 2,
    nullCount: 1,
    nullBitmap: validity,
    children: [inner],
  })
  const list = arrow.makeData({
    type: new arrow.List(new arrow.Field('item', new arrow.Int32(), true)),
    length: 2,
    nullCount: 1,
    nullBitmap: validity,
    valueOffsets: Int32Array.of(0, 1, 2),
    child: inner,
  })
  const table = new arrow.Table({
    text: new arrow.Vector([text]),
    struct: new arrow.Vector([struct]),
    list: new arrow.Vector([list]),
  })
  const [columns] = columnarOfArrow(table).batches.map(batch => batch.columns)
  const shown = (column: ColumnData | undefined) => Buffer.from(column?.values ?? []).toString('latin1')
  assert.equal(shown(columns?.[0]), 'secret')
  assert.deepEqual([...(columns?.[1]?.children?.[0]?.values ?? [])], [0, 0, 0, 0, 7, 0, 0, 0])
  assert.deepEqual([...(columns?.[2]?.children?.[0]?.values ?? [])], [7, 0, 0, 0])
  assert.deepEqual(described(back(table)), described(table))
})

test('A1 unions of both kinds keep the type of every row, sliced too', () => {
  const fields = [new arrow.Field('n', new arrow.Int32(), true), new arrow.Field('t', new arrow.Utf8(), true)]
  const numbers = arrow.makeData({ type: new arrow.Int32(), length: 3, data: Int32Array.of(1, 2, 3) })
  const texts = arrow.vectorFromArray(['x', 'y', 'z'], new arrow.Utf8()).data[0]
  assert.ok(texts)
  const sparse = arrow.makeData({
    type: new arrow.SparseUnion([5, 7], fields),
    length: 3,
    typeIds: Int8Array.of(5, 7, 5),
    children: [numbers, texts],
  })
  const dense = arrow.makeData({
    type: new arrow.DenseUnion([5, 7], fields),
    length: 3,
    typeIds: Int8Array.of(7, 5, 7),
    valueOffsets: Int32Array.of(2, 1, 0),
    children: [numbers, texts],
  })
  const table = new arrow.Table({ sparse: new arrow.Vector([sparse]), dense: new arrow.Vector([dense]) })
  for (const one of [table, table.slice(1), table.slice(1, 2)]) {
    assert.deepEqual(described(back(one)), described(one))
  }
  assert.deepEqual(
    [...back(table.slice(1))].map(row => row?.toJSON()),
    [
      { sparse: 'y', dense: 2 },
      { sparse: 3, dense: 'x' },
    ],
  )
})

test('A1 a dictionary that grows from batch to batch comes back with all its values', () => {
  const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), 3)
  const schema = new arrow.Schema([new arrow.Field('d', type, true)])
  const first = arrow.vectorFromArray(['a', 'b'], new arrow.Utf8())
  const grown = first.concat(arrow.vectorFromArray(['c'], new arrow.Utf8()))
  const batch = (indices: Int32Array, dictionary: arrow.Vector) =>
    new arrow.RecordBatch(
      schema,
      arrow.makeData({
        type: new arrow.Struct(schema.fields),
        length: indices.length,
        nullCount: 0,
        children: [arrow.makeData({ type, data: indices, dictionary })],
      }),
    )
  const table = new arrow.Table(schema, [batch(Int32Array.of(1, 0), first), batch(Int32Array.of(2, 0), grown)])
  const streamed = arrow.tableFromIPC(arrow.tableToIPC(table, 'stream'))
  for (const one of [table, streamed]) {
    assert.deepEqual(described(back(one)), described(one))
    assert.deepEqual(back(one).getChild('d')?.toArray(), ['b', 'a', 'c', 'a'])
  }
})

test('A1 tables of another copy of apache-arrow are taken, and come back as tables of the one that is imported', () => {
  const other: typeof arrow = createRequire(import.meta.url)('apache-arrow')
  const table = other.tableFromArrays({ n: Int32Array.of(1, 2), t: ['x', 'y'] })
  assert.equal(Object.getPrototypeOf(table) === arrow.Table.prototype, false)
  assert.equal(isArrowTable(table), true)
  const made = arrowOfColumnar(columnarOfArrow(table))
  assert.equal(Object.getPrototypeOf(made), arrow.Table.prototype)
  assert.deepEqual(String(made), String(table))
})

test('A1 what cannot be kept exactly is refused by the name of its column', () => {
  const views = new arrow.Table({ seen: arrow.vectorFromArray(['a'], new arrow.Utf8View()) })
  assert.throws(() => columnarOfArrow(views), { code: 'unsupported', message: /the column seen has the Arrow type Utf8View/ })
  for (const value of [[], {}, { schema: {}, batches: [] }, { schema: { fields: [1] }, batches: [] }, new Map()])
    assert.equal(isArrowTable(value), false)
})
