import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CompletedSet, rangesOf } from '../../src/model/completed-set.ts'

const small = fc.array(fc.tuple(fc.nat(60), fc.nat(8)), { maxLength: 40 })

test('B3 the set is exact whatever the order of completion', () => {
  fc.assert(
    fc.property(small, additions => {
      const set = new CompletedSet()
      const plain = new Set<number>()
      for (const [from, length] of additions) {
        set.addRange(from, from + length)
        for (let i = from; i <= from + length; i++) plain.add(i)
      }
      assert.equal(set.size, plain.size)
      for (let i = 0; i < 75; i++) assert.equal(set.has(i), plain.has(i), `index ${i}`)
      assert.deepEqual(set.toRanges(), rangesOf([...plain]))
    }),
  )
})

test('adding one by one equals adding as ranges, and tells what was there', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 60 }), indexes => {
      const set = new CompletedSet()
      const plain = new Set<number>()
      for (const index of indexes) {
        assert.equal(set.add(index), !plain.has(index))
        plain.add(index)
      }
      assert.deepEqual(set.toRanges(), rangesOf([...plain]))
    }),
  )
})

test('the watermark only grows, and is the first index that is missing', () => {
  const set = new CompletedSet()
  const seen: number[] = []
  for (const index of [3, 0, 2, 1, 5, 4]) {
    set.add(index)
    seen.push(set.watermark)
  }
  assert.deepEqual(seen, [0, 1, 1, 4, 4, 6])
})
