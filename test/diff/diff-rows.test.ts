import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { diffRows } from '../../src/diff/diff-rows.ts'

const row = fc.record({ n: fc.integer({ min: 0, max: 3 }), s: fc.constantFrom('a', 'b', null) }, { noNullPrototype: true })

test('E9 X6 rows without a key are compared as a multiset: their order does not count, how often they are there does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 12 }), fc.array(row, { maxLength: 12 }), async (a, b) => {
      const found = await diffRows(a, b.toReversed())
      const tally = (rows: readonly unknown[]) => Map.groupBy(rows, one => JSON.stringify(one))
      const [before, after] = [tally(a), tally(b)]
      let [added, removed] = [0, 0]
      for (const key of new Set([...before.keys(), ...after.keys()])) {
        const more = (after.get(key)?.length ?? 0) - (before.get(key)?.length ?? 0)
        added += Math.max(0, more)
        removed += Math.max(0, -more)
      }
      assert.deepEqual([found.added, found.removed, found.equal], [added, removed, b.length - added])
    }),
  )
})

test('E9 X6 rows with a key are told as added, removed and changed, with the columns that changed and some of the rows', async () => {
  const a = Array.from({ length: 100 }, (_, id) => ({ id, price: id, zone: 'x' }))
  const b = a
    .slice(5)
    .map(({ id, price }) => ({ id, price: id % 10 === 0 ? price + 1 : price, zone: 'x', region: 'eu' }))
    .concat({ id: 200, price: 1, zone: 'y', region: 'us' })
  const found = await diffRows(a, b.toReversed(), { ignore: ['region'] })
  assert.equal(found.key, 'id')
  assert.deepEqual([found.rowsBefore, found.rowsAfter], [100, 96])
  assert.deepEqual([found.added, found.removed, found.changed, found.equal], [1, 5, 9, 86])
  assert.deepEqual(found.changedIn, [{ column: 'price', rows: 9 }])
  assert.deepEqual(found.columns, [{ name: 'region', before: undefined, after: 'string' }])
  assert.deepEqual(found.samples.added, [b.at(-1)])
  assert.deepEqual(found.samples.removed, a.slice(0, 3))
  assert.deepEqual(
    found.samples.changed.map(({ key, differences }) => [key, differences.map(({ path }) => path)]),
    [
      [90, ['price']],
      [80, ['price']],
      [70, ['price']],
    ],
  )
})

test('E9 X6 a column that is named is the key; one whose values are there twice is none', async () => {
  const a = [
    { id: 1, sku: 'a', n: 1 },
    { id: 1, sku: 'b', n: 1 },
  ]
  const b = [
    { id: 1, sku: 'a', n: 2 },
    { id: 1, sku: 'b', n: 1 },
  ]
  assert.equal((await diffRows(a, b)).key, undefined)
  assert.equal((await diffRows(a, b, { key: 'sku' })).changed, 1)
  assert.deepEqual((await diffRows(a, b, { ignore: ['n'] })).equal, 2)
})

test('E9 X6 30,000 equal rows and as many that differ are compared in a time that grows with their number', async () => {
  const same = Array.from({ length: 30_000 }, () => ({ n: 1 }))
  const found = await diffRows(same, [...same, { n: 2 }])
  assert.deepEqual([found.equal, found.added, found.removed], [30_000, 1, 0])
  const others = same.map((_, n) => ({ n: n + 2 }))
  assert.equal((await diffRows(same, others)).added, 30_000)
})
