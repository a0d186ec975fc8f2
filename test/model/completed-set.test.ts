import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CompletedSet, rangesOf } from '../../src/model/completed-set.ts'

const small = fc.array(fc.tuple(fc.nat(60), fc.nat(8)), { maxLength: 40 })

test('B3 the set is exact whatever the order of completion [pitfall 3]', () => {
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

type Step = readonly ['add' | 'remove' | 'queue' | 'replace', number, number]
const anyStep: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom('add', 'remove', 'queue', 'replace'), fc.nat(60), fc.nat(12))

test('B3 the set is exact whatever is added, queued, requeued and replaced in between', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), fc.boolean(), (steps, looks) => {
      const set = new CompletedSet()
      const plain = new Set<number>()
      for (const [what, from, length] of steps) {
        const to = from + length
        if (what === 'add') set.addRange(from, to)
        else if (what === 'remove') set.removeRange(from, to)
        else if (what === 'queue') set.queue([[from, to]])
        else {
          set.replace([[from, to]])
          plain.clear()
        }
        for (let i = from; i <= to; i++) {
          if (what === 'remove') plain.delete(i)
          else plain.add(i)
        }
        if (looks) assert.equal(set.size, plain.size)
      }
      assert.deepEqual(set.toRanges(), rangesOf([...plain]))
      assert.equal(set.size, plain.size)
      for (let i = 0; i < 80; i++) {
        assert.equal(set.has(i), plain.has(i), `index ${i}`)
        let missing = i
        while (plain.has(missing)) missing++
        assert.equal(set.nextMissing(i), missing, `next from ${i}`)
      }
      let first = 0
      while (plain.has(first)) first++
      assert.equal(set.watermark, first)
    }),
  )
})
