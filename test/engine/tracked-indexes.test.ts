import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TrackedIndexes } from '../../src/engine/tracked-indexes.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

test('tracked indexes are exactly those that were added, one by one and in ranges, in any order', () => {
  const random = seededRandom(7)
  for (let round = 0; round < 15; round++) {
    const indexes = new TrackedIndexes()
    const expected = new Set<number>()
    const base = [0, 31, 32_760, 65_536, 2 ** 40][random.integer(5)] ?? 0
    for (let step = 0; step < 20; step++) {
      const from = base + random.integer(70_000)
      const to = from + random.integer([1, 40, 40_000][random.integer(3)] ?? 1)
      if (random.bool(0.5)) {
        indexes.add(from)
        expected.add(from)
      } else {
        indexes.addRange(from, to)
        for (let index = from; index <= to; index++) expected.add(index)
      }
      assert.equal(indexes.has(from), true)
    }
    for (const index of expected)
      if (!indexes.has(index) || (!expected.has(index + 1) && indexes.has(index + 1))) assert.fail(`${index}`)
    for (let i = 0; i < 1000; i++) {
      const index = base + random.integer(120_000)
      assert.equal(indexes.has(index), expected.has(index), `${index}`)
    }
  }
})
