import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalColumn } from '../../src/tables/canonical-column.ts'
import type { ColumnarTable, ColumnField, ColumnType } from '../../src/tables/columnar.ts'
import { contentHash, contentHashByKey } from '../../src/tables/content-hash.ts'
import { rowKeys } from '../../src/tables/row-keys.ts'
import { type AnyTable, anyTable, inDictionaries } from './any-table.ts'
import { portableTable } from './portable-table.ts'
import { type Cell, field, tableOf } from './table-building.ts'

const int64: ColumnType = { kind: 'int', bits: 64, signed: true }
const int32: ColumnType = { kind: 'int', bits: 32, signed: true }
const float64: ColumnType = { kind: 'float', bits: 64 }
const utf8: ColumnType = { kind: 'utf8', large: false }

const python = ['/usr/bin/python3', 'python3'].find(command => spawnSync(command, ['--version']).status === 0)
const skipWithoutPython = python === undefined && 'python3 IS MISSING: the independent implementation was not run'

function hashesOfPython(tables: readonly object[]): readonly string[] {
  const script = join(import.meta.dirname, 'fixtures/table_hash.py')
  const { stdout, stderr } = spawnSync(python ?? 'python3', [script], {
    input: JSON.stringify(tables),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

function int32Bytes(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer)
}

function doubleBytes(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value).buffer)
}

function hashOf(type: ColumnType, cells: readonly Cell[]): string {
  return contentHash(
    tableOf(
      [field('c', type)],
      cells.map(cell => [cell]),
    ),
  )
}

test('A2 an implementation in Python that shares no code computes the same hash', {
  skip: skipWithoutPython,
}, () => {
  const tables = fc.sample(anyTable(), { numRuns: 400, seed: 26 })
  const masks = [0xffff_ffff, 0xffff_ffff, 3, 0]
  const given = tables.map(({ fields, rows }, at) => portableTable(fields, rows, masks[at % 4] ?? 0))
  const expected = hashesOfPython(given)
  for (const [at, { fields, rows }] of tables.entries()) {
    const table = tableOf(fields, rows, { batchRows: 1 + (at % 9), garbage: at % 2 === 0 })
    assert.equal(contentHashByKey(table, masks[at % 4] ?? 0), expected[at], JSON.stringify(given[at]))
  }
})

test('A2 thousands of rows are ordered as few are: Python agrees, with repeated rows and rows that share a key by chance', {
  skip: skipWithoutPython,
}, () => {
  const fields = [field('n', int32), field('text', utf8)]
  const rows = Array.from({ length: 6000 }, (_, row): Cell[] => [
    int32Bytes(row % 4000),
    row % 5 === 0 ? null : `row ${row % 1000} ü`,
  ])
  for (const mask of [0xffff_ffff, 0xfff, 0xff00_0000]) {
    const [expected] = hashesOfPython([portableTable(fields, rows, mask)])
    assert.equal(contentHashByKey(tableOf(fields, rows, { batchRows: 700 }), mask), expected)
  }
})

test('A2 columns of every type and length of values are hashed alike in thousands of rows: Python agrees', {
  skip: skipWithoutPython,
}, () => {
  const decimal: ColumnType = { kind: 'decimal', bits: 128, precision: 30, scale: 2 }
  const long = [field('n', int32), field('wide', decimal), field('word', utf8), field('short', utf8), field('long', utf8)]
  const longRows = Array.from({ length: 2300 }, (_, row): Cell[] => [
    int32Bytes(row),
    new Uint8Array(16).fill(row % 50),
    row % 9 === 0 ? null : `word ${row % 30}`,
    'x'.repeat(row % 80),
    row % 7 === 0 ? null : `${row} ${'y'.repeat(400)}`,
  ])
  const tables = fc
    .sample(anyTable(), { numRuns: 14, seed: 27 })
    .flatMap(({ fields, rows }) =>
      rows.length === 0 ? [] : [{ fields, rows: Array.from({ length: 2100 }, (_, row) => rows[row % rows.length] ?? []) }],
    )
  tables.push({ fields: long, rows: longRows })
  const expected = hashesOfPython(tables.map(({ fields, rows }) => portableTable(fields, rows, 0xffff_ffff)))
  // More values than an index of 8 bits names are not held in dictionaries.
  for (const [at, { fields, rows }] of tables.entries())
    for (const held of rows === longRows ? [fields] : [fields, inDictionaries(fields)])
      assert.equal(contentHash(tableOf(held, rows, { batchRows: 600 })), expected[at], JSON.stringify(held))
})

test('A2 two rows that share a key of all 32 bits are ordered by their values, whichever comes first', () => {
  const count = 200_000
  const fields = [field('n', int32)]
  const values = Int32Array.from({ length: count }, (_, row) => row)
  const column = { rowCount: count, nullCount: 0, values: new Uint8Array(values.buffer) }
  // Numbers of one column never share a key, as it is a permutation of them: two columns do.
  const square = Int32Array.from(values, value => Math.imul(value, value))
  const second = { ...column, values: new Uint8Array(square.buffer) }
  const table: ColumnarTable = {
    fields: [...fields, field('m', int32)],
    rowCount: count,
    batches: [{ rowCount: count, columns: [column, second] }],
  }
  const keys = rowKeys([canonicalColumn(table, 0), canonicalColumn(table, 1)], count)
  const seen = new Map<number, number>()
  const pair = [...keys].flatMap((key, row) => {
    const other = seen.get(key)
    seen.set(key, row)
    return other === undefined ? [] : [[other, row]]
  })[0]
  assert.ok(pair, 'no two of so many rows share a key')
  const rows = pair.map(row => [int32Bytes(values[row] ?? 0), int32Bytes(square[row] ?? 0)])
  assert.equal(contentHash(tableOf(table.fields, rows)), contentHash(tableOf(table.fields, rows.toReversed())))
})

test('A2 the order of rows, batches, dictionaries, wide offsets and bytes where there is no value do not change the hash', () => {
  const held = fc.record({
    batchRows: fc.integer({ min: 1, max: 9 }),
    garbage: fc.boolean(),
    shared: fc.boolean(),
    wide: fc.boolean(),
    seed: fc.integer(),
  })
  fc.assert(
    fc.property(
      anyTable(),
      held,
      fc.constantFrom(0xffff_ffff, 1),
      ({ fields, rows }, { batchRows, garbage, shared, wide, seed }, mask) => {
        const shuffled = rows.toSorted((a, b) => scrambled(rows.indexOf(a), seed) - scrambled(rows.indexOf(b), seed))
        const other = (wide ? widened(fields) : fields) satisfies readonly ColumnField[]
        const again = tableOf(shared ? inDictionaries(other) : other, shuffled, { batchRows, garbage })
        assert.equal(contentHashByKey(again, mask), contentHashByKey(tableOf(fields, rows), mask))
      },
    ),
    { numRuns: 300 },
  )
})

test('A2 any other value, null, name, type, order of columns or number of rows changes the hash', () => {
  const change = fc.record({ kind: fc.constantFrom('cell', 'name', 'type', 'drop', 'repeat', 'column'), place: fc.nat() })
  fc.assert(
    fc.property(anyTable(), anyTable(), change, (table, donor, { kind, place }) => {
      const changed = changedTable(table, donor, kind, place)
      fc.pre(changed !== undefined)
      const same = portableText(changed) === portableText(table)
      const hashes = [table, changed].map(({ fields, rows }) => contentHash(tableOf(fields, rows)))
      assert.equal(hashes[0] === hashes[1], same)
    }),
    { numRuns: 600 },
  )
})

test('A2 null, an empty text, an empty list and a list of null are different; so are 0 and -0', () => {
  const list: ColumnType = { kind: 'list', large: false, item: field('item', utf8) }
  const hashes = [
    hashOf(utf8, [null]),
    hashOf(utf8, ['']),
    hashOf(list, [null]),
    hashOf(list, [[]]),
    hashOf(list, [[null]]),
    hashOf(list, [['']]),
  ]
  hashes.push(hashOf(float64, [doubleBytes(0)]), hashOf(float64, [doubleBytes(-0)]), hashOf(int64, [doubleBytes(0)]))
  assert.equal(new Set(hashes).size, hashes.length)
})

test('A2 all NaNs are the same, of every width and also within lists', () => {
  const nans: readonly (readonly [16 | 32 | 64, readonly string[]])[] = [
    [16, ['007e', '00fe', '017c']],
    [32, ['0000c07f', '0000c0ff', '0100807f']],
    [64, ['000000000000f87f', '000000000000f8ff', '010000000000f07f']],
  ]
  for (const [bits, patterns] of nans) {
    const type: ColumnType = { kind: 'float', bits }
    const values = patterns.map(hex => new Uint8Array(Buffer.from(hex, 'hex')))
    assert.equal(new Set(values.map(value => hashOf(type, [value]))).size, 1, `float${bits}`)
    const list: ColumnType = { kind: 'list', large: false, item: field('item', type) }
    assert.equal(new Set(values.map(value => hashOf(list, [[value]]))).size, 1, `list of float${bits}`)
    const infinity = new Uint8Array(Buffer.from({ 16: '007c', 32: '0000807f', 64: '000000000000f07f' }[bits], 'hex'))
    assert.notEqual(hashOf(type, [infinity]), hashOf(type, values.slice(0, 1)))
  }
})

test('A2 a row that is there three times is not the same as twice', () => {
  assert.notEqual(hashOf(utf8, ['a', 'a', 'b', 'a']), hashOf(utf8, ['a', 'a', 'b', 'b']))
  assert.notEqual(hashOf(utf8, ['a', 'a']), hashOf(utf8, ['a', 'a', 'a']))
})

test('A2 text of one value cannot pass as text of the next', () => {
  assert.notEqual(hashOf(utf8, ['ab', 'c']), hashOf(utf8, ['a', 'bc']))
  const long = 'x'.repeat(100_000)
  assert.notEqual(hashOf(utf8, [`${long}y`, 'z', long]), hashOf(utf8, [long, 'yz', long]))
})

test('A2 a table without rows or columns has a hash that tells its columns', () => {
  const hashes = [
    tableOf([], []),
    tableOf([field('a', int64)], []),
    tableOf([field('a', int32)], []),
    tableOf([field('b', int64)], []),
  ].map(contentHash)
  assert.equal(new Set(hashes).size, 4)
})

test('A2 buffers that begin at any byte of memory are read as they are', () => {
  const table = tableOf(
    [field('x', float64), field('t', utf8)],
    [
      [doubleBytes(1.5), 'a'],
      [doubleBytes(2.5), 'bc'],
    ],
  )
  const shifted = {
    ...table,
    batches: table.batches.map(batch => ({
      ...batch,
      columns: batch.columns.map(column => ({
        ...column,
        ...(column.values && { values: Buffer.concat([Buffer.alloc(3), column.values]).subarray(3) }),
        ...(column.offsets && { offsets: Buffer.concat([Buffer.alloc(1), column.offsets]).subarray(1) }),
      })),
    })),
  }
  assert.equal(contentHash(shifted), contentHash(table))
})

test('A2 a value of more than 4 GiB is refused', () => {
  const offsets = new Uint8Array(BigInt64Array.of(0n, 2n ** 32n).buffer)
  const column = { rowCount: 1, nullCount: 0, offsets, values: new Uint8Array(0) }
  const table: ColumnarTable = {
    fields: [field('t', { kind: 'utf8', large: true })],
    rowCount: 1,
    batches: [{ rowCount: 1, columns: [column] }],
  }
  assert.throws(() => contentHash(table), { name: 'WaymarkError', code: 'limit' })
})

function scrambled(value: number, seed: number): number {
  return Math.imul(value + 1, seed | 1) >>> 0
}

function widened(fields: readonly ColumnField[]): readonly ColumnField[] {
  return fields.map(({ name, type }) => field(name, 'large' in type ? { ...type, large: !type.large } : type))
}

function portableText({ fields, rows }: AnyTable): string {
  const table = portableTable(fields, rows, 0)
  return JSON.stringify([table.fields, table.rows.map(row => JSON.stringify(row)).toSorted()])
}

function changedTable({ fields, rows }: AnyTable, donor: AnyTable, kind: string, place: number): AnyTable | undefined {
  const [column, row] = [place % Math.max(1, fields.length), (place >> 3) % Math.max(1, rows.length)]
  const at = fields[column]
  if (at === undefined) return
  if (kind === 'name') return { fields: fields.with(column, { ...at, name: `${at.name}'` }), rows }
  if (kind === 'column')
    return {
      fields: [...fields.slice(1), ...fields.slice(0, 1)],
      rows: rows.map(cells => [...cells.slice(1), ...cells.slice(0, 1)]),
    }
  if (kind === 'drop') return { fields, rows: rows.slice(1) }
  if (kind === 'repeat') return { fields, rows: [...rows, ...rows.slice(row, row + 1)] }
  const type = donor.fields[0]?.type
  if (kind === 'type') return type && rows.length === 0 ? { fields: fields.with(column, field(at.name, type)), rows } : undefined
  const other = rows[(row + 1) % rows.length]?.[column]
  const value = place % 2 === 0 && at.type.kind !== 'union' ? null : other
  return rows[row] === undefined || value === undefined
    ? undefined
    : { fields, rows: rows.with(row, rows[row].with(column, value)) }
}
