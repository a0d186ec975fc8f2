import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RowDecoder, RowEncoder } from '../../src/format/row-codec.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { mutated, onlyTypedErrors } from './hostile-bytes.ts'

function encoded(rows: readonly unknown[]): Buffer {
  const encoder = new RowEncoder([])
  const parts: Uint8Array[] = []
  for (const row of rows) {
    encoder.encode(row, length => {
      const part = new Uint8Array(length)
      parts.push(part)
      return part
    })
  }
  encoder.release()
  return Buffer.concat(parts)
}

/** The rows of a stream that comes in pieces cut anywhere. */
function decode(bytes: Uint8Array, seed: number): unknown[] {
  const random = seededRandom(seed)
  const decoder = new RowDecoder({})
  const rows: unknown[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.integer(random.bool(0.5) ? 4 : 300)
    rows.push(...decoder.add(bytes.subarray(at, at + length)))
    at += length
  }
  decoder.finish()
  return rows
}

const row = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.integer(),
  fc.constant(null),
  fc.array(fc.integer(), { maxLength: 80 }),
  fc.uint8Array({ maxLength: 70_000 }),
)

test('rows come out as they went in, wherever the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 12 }), fc.integer(), (rows, seed) =>
      assert.deepEqual(decode(encoded(rows), seed), rows),
    ),
  )
})

test('[X7] a stream that is damaged, or none of rows, is refused as corrupt, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer(),
      (bytes, seed) => void onlyTypedErrors(() => decode(bytes, seed)),
    ),
    { numRuns: 2_000 },
  )
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 5 }),
      fc.integer(),
      (rows, seed) => void onlyTypedErrors(() => decode(mutated(encoded(rows), seed), seed)),
    ),
    { numRuns: 1_500 },
  )
})

test('a stream that ends within a row is refused', () => {
  const bytes = encoded(['first', 'second'])
  for (let length = 1; length < bytes.length; length++) {
    if (length === encoded(['first']).length) continue
    assert.throws(() => decode(bytes.subarray(0, length), 1), { code: 'corrupt' }, `${length}`)
  }
})

test('[X7] a row that claims four gigabytes makes no room for them', () => {
  const before = process.memoryUsage().arrayBuffers
  const claim = Buffer.of(0xd8, 24, 0x5a, 0xff, 0xff, 0xff, 0xff)
  assert.throws(() => decode(Buffer.concat([claim, Buffer.alloc(100)]), 1), { code: 'corrupt' })
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20)
})
