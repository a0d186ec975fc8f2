import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { joinTimings, pushTiming, sumTimings } from '../../src/model/timings.ts'

const pairs = fc.array(fc.tuple(fc.nat(300), fc.oneof(fc.constantFrom(1, 127, 128, 129, 16_383, 16_384), fc.nat(2 ** 31 - 1))))

test('A17 times are read as they were written, whatever they are, and appended ones add up', () => {
  fc.assert(
    fc.property(pairs, pairs, (first, second) => {
      const [a, b] = [first, second].map(list => {
        const bytes: number[] = []
        for (const [number, us] of list) pushTiming(bytes, number, us / 1_000)
        return Uint8Array.from(bytes)
      })
      const expected = new Map<number, number>()
      for (const [number, us] of [...first, ...second]) if (us > 0) expected.set(number, (expected.get(number) ?? 0) + us)
      const sums = new Map<number, number>()
      sumTimings(sums, joinTimings(a, b ?? new Uint8Array()))
      assert.deepEqual(sums, expected)
    }),
  )
})
