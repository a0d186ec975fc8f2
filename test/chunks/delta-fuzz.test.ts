import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeDeltaPayload, encodeDeltaPayload } from '../../src/chunks/delta-payload.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { mutated, onlyTypedErrors } from '../format/hostile-bytes.ts'

const place = fc.oneof(
  fc.string({ minLength: 1, maxLength: 26 }),
  fc.record(
    { segment: fc.string({ minLength: 1, maxLength: 26 }), offset: fc.nat(), length: fc.nat() },
    { noNullPrototype: true },
  ),
)
const bases = fc.array(
  fc.record({ pack: place, first: fc.nat(), count: fc.integer({ min: 1, max: 2 }) }, { noNullPrototype: true }),
  {
    minLength: 1,
    maxLength: 4,
  },
)
const delta = fc.uint8Array({ maxLength: 100 })

test('what a delta stands on is read as it was written', () => {
  fc.assert(
    fc.property(bases, delta, (spans, bytes) => {
      const read = decodeDeltaPayload(encodeDeltaPayload(spans, bytes))
      assert.deepEqual(read.bases, spans)
      assert.deepEqual([...read.delta], [...bytes])
    }),
  )
})

test('[X7] bytes that are no delta are refused as corrupt, and no more than eight chunks are ever asked for', () => {
  const bounded = (bytes: Uint8Array): void => {
    const read = onlyTypedErrors(() => decodeDeltaPayload(bytes))
    assert.ok((read?.bases ?? []).reduce((sum, { count }) => sum + count, 0) <= 8)
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), bounded), { numRuns: 2_000 })
  fc.assert(
    fc.property(bases, delta, fc.integer(), (spans, bytes, seed) => bounded(mutated(encodeDeltaPayload(spans, bytes), seed))),
    { numRuns: 3_000 },
  )
})

test('[X7] a delta that asks for a thousand million chunks is refused', () => {
  const list = encodeValue([['p', 0, 1e9]])
  const head = Buffer.alloc(2)
  head.writeUInt16LE(list.length)
  assert.throws(() => decodeDeltaPayload(Buffer.concat([head, list])), { code: 'corrupt' })
})
