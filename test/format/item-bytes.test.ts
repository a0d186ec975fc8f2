import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeRanges, encodeRanges } from '../../src/format/range-bytes.ts'
import { ResultBytes, resultsIn } from '../../src/format/result-bytes.ts'
import { rangesOf } from '../../src/model/completed-set.ts'

const anyRanges = fc.uniqueArray(fc.oneof(fc.nat(300), fc.nat(2 ** 52)), { maxLength: 80 }).map(indexes => rangesOf(indexes))

test('B3 ranges are read as they were written', () => {
  fc.assert(fc.property(anyRanges, ranges => assert.deepEqual(decodeRanges(encodeRanges(ranges)), ranges)))
})

test('ranges have one form: what reads as ranges is what writing them gives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), bytes => {
      try {
        assert.deepEqual(encodeRanges(decodeRanges(bytes)), bytes)
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        assert.equal(error instanceof Error && 'code' in error && error.code, 'corrupt')
      }
    }),
    { numRuns: 2_000 },
  )
})

test('ranges that are cut within a range are corrupt', () => {
  fc.assert(
    fc.property(anyRanges, ranges => {
      const bytes = encodeRanges(ranges)
      for (let length = 0; length < bytes.length; length++) {
        const cut = bytes.subarray(0, length)
        const whole = ranges.findIndex((_, at) => encodeRanges(ranges.slice(0, at)).length === length)
        if (whole === -1) assert.throws(() => decodeRanges(cut), { code: 'corrupt' })
        else assert.deepEqual(decodeRanges(cut), ranges.slice(0, whole))
      }
    }),
    { numRuns: 30 },
  )
})

const anyResults = fc.array(fc.tuple(fc.nat(2 ** 52), fc.uint8Array({ maxLength: 300 })), { maxLength: 40 })

function bytesOf(results: readonly (readonly [number, Uint8Array])[], into = new ResultBytes()): Uint8Array {
  for (const [index, value] of results) into.push(index, value)
  return into.take()
}

test('B3 results are read as they were written, in the order of writing', () => {
  fc.assert(
    fc.property(anyResults, anyResults, (one, other) => {
      const into = new ResultBytes()
      const taken = bytesOf(one, into)
      assert.deepEqual([...resultsIn(bytesOf(other, into))].map(plain), other.map(plain))
      assert.deepEqual([...resultsIn(taken)].map(plain), one.map(plain))
    }),
  )
})

const plain = ([index, value]: readonly [number, Uint8Array]) => [index, Buffer.from(value).toString('hex')]

test('results that are cut are corrupt', () => {
  const results = Array.from({ length: 5 }, (_, i) => [i * 1_000, Buffer.alloc(i * 70, 'x')] as const)
  const bytes = bytesOf(results)
  const whole = results.map((_, at) => bytesOf(results.slice(0, at)).length)
  for (let length = 1; length < bytes.length; length++) {
    const read = () => [...resultsIn(bytes.subarray(0, length))]
    if (whole.includes(length)) assert.equal(read().length, whole.indexOf(length))
    else assert.throws(read, { code: 'corrupt' }, `${length}`)
  }
})
