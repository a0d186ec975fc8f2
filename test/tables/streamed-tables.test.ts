import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isWaymarkError } from 'waymark'
import type { ColumnarTable, ColumnField, ColumnType } from '../../src/tables/columnar.ts'
import { contentHash, contentHashByKey } from '../../src/tables/content-hash.ts'
import { ContentHasher, type ContentHasherOptions } from '../../src/tables/content-hasher.ts'
import { TableFactsCounter, tableFacts } from '../../src/tables/facts.ts'
import { frequencyOf } from '../../src/tables/facts-frequency.ts'
import { Heap } from '../../src/tables/heap.ts'
import { type FilledBatch, RowsInBatches } from '../../src/tables/rows-in-batches.ts'
import { schemaFields } from '../../src/tables/schema-fields.ts'
import { SpilledTimes } from '../../src/tables/spilled-times.ts'
import { tableFromRows } from '../../src/tables/table-from-rows.ts'
import { tableToRows } from '../../src/tables/table-to-rows.ts'
import { anyRows } from './any-rows.ts'
import { anyTable, inDictionaries } from './any-table.ts'
import { memoryScratch } from './memory-scratch.ts'
import { type Cell, field, tableOf } from './table-building.ts'

async function streamedHash(table: ColumnarTable, options: ContentHasherOptions = {}): Promise<string> {
  const hasher = new ContentHasher(memoryScratch(), options)
  for (const batch of table.batches) await hasher.add(table.fields, batch)
  return hasher.digest(table.fields)
}

/** Rows by rows of a batch, as they come from a stream. */
function inBatches(rows: readonly object[], fields: readonly ColumnField[] | undefined, batchRows: number) {
  const taken = new RowsInBatches(fields)
  const batches: FilledBatch[] = []
  for (let from = 0; from < rows.length; from += batchRows) {
    const part = rows.slice(from, from + batchRows)
    taken.take(part.slice(0, 2))
    if (part.length > 2) taken.take(part.slice(2))
    batches.push(taken.batch())
  }
  const table: ColumnarTable = { fields: taken.fields, batches: batches.map(({ batch }) => batch), rowCount: rows.length }
  return { table, ...taken.rows, sides: batches.map(({ side }) => side) }
}

test('A2 the hash of a table that comes batch by batch is that of the table in memory, whatever its batches and buckets', async () => {
  const batchRows = fc.integer({ min: 1, max: 7 })
  const mask = fc.constantFrom(0xffff_ffff, 0xc000_0003, 3, 0)
  await fc.assert(
    fc.asyncProperty(
      anyTable(),
      batchRows,
      mask,
      fc.constantFrom(1, 200),
      fc.constantFrom(1, 5, 65_536),
      async ({ fields, rows }, size, keyMask, bucketBytes, runRows) => {
        const table = tableOf(fields, rows, { batchRows: size, garbage: size % 2 === 0 })
        assert.equal(await streamedHash(table, { keyMask, bucketBytes, runRows }), contentHashByKey(table, keyMask))
        const dictionaries = tableOf(inDictionaries(fields), rows, { batchRows: size })
        assert.equal(await streamedHash(dictionaries, { keyMask, bucketBytes, runRows }), contentHashByKey(table, keyMask))
      },
    ),
    { numRuns: 150 },
  )
})

test('A2 rows that are there thousands of times are hashed as often as they are there', async () => {
  const int32: ColumnType = { kind: 'int', bits: 32, signed: true }
  const utf8: ColumnType = { kind: 'utf8', large: false }
  const fields = [field('n', int32), field('text', utf8)]
  const rows = Array.from({ length: 70_000 }, (_, row): Cell[] => [
    new Uint8Array(Int32Array.of(row < 66_000 ? 7 : row).buffer),
    row % 3 === 0 ? null : 'same',
  ])
  const table = tableOf(fields, rows, { batchRows: 30_000 })
  assert.equal(await streamedHash(table), contentHash(table))
  assert.notEqual(await streamedHash(tableOf(fields, rows.slice(1), { batchRows: 30_000 })), contentHash(table))
})

test('A2 small batches cost the hash no more writes and reads than whole ones; batches of large values do not wait for many others', async () => {
  const int32: ColumnType = { kind: 'int', bits: 32, signed: true }
  const fields = [field('n', int32), field('text', { kind: 'utf8', large: false })]
  const costOf = async (table: ColumnarTable) => {
    const cost = { appends: 0, reads: 0 }
    const scratch = memoryScratch()
    const hasher = new ContentHasher({
      append: bytes => {
        cost.appends++
        return scratch.append(bytes)
      },
      read: (position, length) => {
        cost.reads++
        return scratch.read(position, length)
      },
    })
    for (const batch of table.batches) await hasher.add(table.fields, batch)
    const { appends } = cost
    return { ...cost, appendsBeforeDigest: appends, digest: await hasher.digest(table.fields) }
  }
  const rows = Array.from({ length: 33 * 2_048 }, (_, n): Cell[] => [new Uint8Array(Int32Array.of(n).buffer), `row ${n % 1000}`])
  const small = await costOf(tableOf(fields, rows, { batchRows: 2_048 }))
  assert.deepEqual(small, await costOf(tableOf(fields, rows, { batchRows: 65_536 })))
  assert.equal(small.digest, contentHash(tableOf(fields, rows)))
  const large = Array.from({ length: 18 }, (_, n): Cell[] => [rows[n]?.[0] ?? null, 'x'.repeat(1 << 20)])
  assert.ok((await costOf(tableOf(fields, large, { batchRows: 2 }))).appendsBeforeDigest > 0)
})

test('A14 the facts of a table that comes batch by batch are those of the table in memory', async () => {
  await fc.assert(
    fc.asyncProperty(anyTable(), fc.integer({ min: 1, max: 5 }), async ({ fields, rows }, batchRows) => {
      const table = tableOf(fields, rows, { batchRows })
      const counter = new TableFactsCounter(fields)
      for (const batch of table.batches) counter.add({ fields, batches: [batch], rowCount: batch.rowCount })
      assert.deepStrictEqual(await counter.resultOfAll(), tableFacts(tableOf(fields, rows)))
    }),
    { numRuns: 200 },
  )
})

test('A14 to put so many runs of times into one order costs a few comparisons a time, not one for each run', async () => {
  const runs = 256
  let compared = 0
  const heap = new Heap(
    Array.from({ length: runs }, (_, run) => ({ time: (run * 37) % runs })),
    (one, other) => {
      compared++
      return one.time < other.time
    },
  )
  const order: number[] = []
  for (let least = heap.least; least !== undefined; least = heap.least) {
    order.push(least.time)
    least.time += runs
    if (least.time < 10 * runs) heap.grown()
    else heap.removeLeast()
  }
  assert.deepEqual(
    order,
    Array.from({ length: 10 * runs }, (_, time) => time),
  )
  assert.ok(compared < 17 * order.length, `${compared} comparisons`)
})

test('A14 how far apart times are is told alike of those that wait in a scratch, in any order and in any zone', async () => {
  const hour = 3600e6
  const step = fc.constantFrom(1e3, 60e6, hour, 24 * hour, 31 * 24 * hour)
  const holes = fc.array(fc.constantFrom(0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1.5), { minLength: 1, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(step, holes, fc.integer({ min: 1, max: 9 }), async (size, steps, runs) => {
      let time = Date.UTC(2026, 2, 2) * 1e3
      const times = steps.map(count => (time += count * size))
      const spilled = new SpilledTimes(memoryScratch())
      for (let run = 0; run < runs; run++)
        await spilled.add(Float64Array.from(new Set(times.filter((_, at) => (at * 7) % runs === run || at % 5 === run))))
      const shift = (given: Float64Array): Float64Array => given.map(one => (one > (times[5] ?? 0) ? one - hour : one))
      assert.deepEqual(await spilled.frequency(), frequencyOf(Float64Array.from(times)))
      assert.deepEqual(await spilled.frequency(shift), frequencyOf(shift(Float64Array.from(times))))
    }),
    { numRuns: 300 },
  )
})

test('A1 rows that come batch by batch are the same columns and come back as they were', () => {
  fc.assert(
    fc.property(anyRows, fc.integer({ min: 1, max: 7 }), (rows, batchRows) => {
      const { fields } = tableFromRows(rows, undefined).table
      const streamed = inBatches(rows, fields, batchRows)
      assert.deepStrictEqual(tableToRows(streamed), rows)
      assert.deepStrictEqual(streamed.table.fields, fields)
      assert.equal(contentHash(streamed.table), contentHash(tableFromRows(rows, fields).table))
    }),
    { numRuns: 200 },
  )
})

test('A1 a dictionary of rows that come batch by batch grows, and its values keep their places', () => {
  const schema = schemaFields({ city: 'dictionary<utf8, uint8>' })
  const rows = [...'abacbdaec'].map(city => ({ city: city === 'd' ? null : city }))
  const whole = tableFromRows(rows, schema)
  const streamed = inBatches(rows, schema, 2)
  assert.deepStrictEqual(tableToRows(streamed), rows)
  const indices = streamed.table.batches.flatMap(({ columns }) => [...(columns[0]?.values ?? [])])
  assert.deepEqual(indices, [...(whole.table.batches[0]?.columns[0]?.values ?? [])])
  assert.deepEqual(streamed.table.batches.at(-1)?.columns[0]?.dictionary, whole.table.batches[0]?.columns[0]?.dictionary)
})

const refusals: readonly (readonly [string, readonly object[], Readonly<Record<string, string>> | undefined, RegExp, RegExp])[] =
  [
    [
      'a fraction after whole numbers',
      [{ n: 1 }, { n: 2 }, { n: 2.5 }],
      undefined,
      /2\.5, column "n" of row 2, /,
      /Give the types/,
    ],
    [
      'a key that the first rows have not',
      [{ n: 1 }, { n: 2 }, { n: 3, x: 1 }],
      undefined,
      /row 2 has a key "x"/,
      /Give the types/,
    ],
    ['a value where the first rows have none', [{ n: null }, {}, { n: 3 }], undefined, /column "n" of row 2/, /Give the types/],
    ['300 in an int8', [{ n: 1 }, { n: 2 }, { n: 300 }], { n: 'int8' }, /300, column "n" of row 2/, /./],
    [
      'a bigint after numbers',
      [{ n: 1 }, { n: 2 }, { n: 3n }],
      { n: 'int64' },
      /"n" holds values of several kinds.* row 2 on bigints/,
      /./,
    ],
    [
      'a bad value deep inside',
      [{ n: [1] }, { n: [2] }, { n: [3, 300] }],
      { n: 'list<int8>' },
      /300, column "n.item" of row 2/,
      /./,
    ],
  ]

for (const [what, rows, schema, message, remedy] of refusals) {
  test(`A1 ${what} is refused with the row of the whole table and its column`, () => {
    assert.throws(
      () => inBatches(rows, schema === undefined ? undefined : schemaFields(schema), 2),
      (error: unknown) =>
        isWaymarkError(error, 'invalid') &&
        message.test(error.message) &&
        remedy.test(error.remedy) &&
        error.details['row'] === 2,
    )
  })
}
