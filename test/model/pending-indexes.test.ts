import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rangesOf } from '../../src/model/completed-set.ts'
import { PendingIndexes } from '../../src/model/pending-indexes.ts'

const anyIndex = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: 32_700, max: 32_900 }),
  fc.integer({ min: 2 ** 32 - 40, max: 2 ** 32 + 40 }),
  fc.integer({ min: 0, max: 30_000_000_000 }),
)

test('B3 what was noted in any order is handed over as the same ranges, once', () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyIndex, { maxLength: 300 }), fc.nat(300), (indexes, cut) => {
      const pending = new PendingIndexes()
      for (const part of [indexes.slice(0, cut), indexes.slice(cut)]) {
        for (const index of part) pending.add(index)
        assert.equal(pending.size, part.length)
        assert.deepEqual(pending.take(), rangesOf(part))
        assert.equal(pending.size, 0)
      }
      assert.deepEqual(pending.take(), [])
    }),
  )
})

test('ranges over whole words and pages are one range', () => {
  const pending = new PendingIndexes()
  for (let index = 100_000; index >= 5; index--) pending.add(index)
  assert.deepEqual(pending.take(), [[5, 100_000]])
})

test('indexes that lie far apart take no page each, and are handed over with the others', () => {
  const pending = new PendingIndexes()
  const indexes: number[] = []
  for (let n = 0; n < 3_000; n++) indexes.push(n * 1_000_000, n * 1_000_000 + 1)
  for (const index of [...indexes].reverse()) pending.add(index)
  for (let index = 10; index < 40; index++) pending.add(index)
  assert.equal(pending.size, 6_030)
  assert.deepEqual(pending.take(), rangesOf([...indexes, ...Array.from({ length: 30 }, (_, i) => i + 10)]))
})
