import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { sha256, sha256Hex } from '../../src/format/sha256.ts'

const slow = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()

test('E3 a digest of parts is that of their bytes one behind the other, however many and long, in shared memory too, text as Latin-1', () => {
  const part = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    fc.uint8Array({ minLength: 300, maxLength: 400, size: 'max' }),
    fc.uint8Array({ minLength: 8_000, maxLength: 9_000, size: 'max' }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5, size: 'max' }), fc.boolean(), (parts, isShared) => {
      const given = isShared ? parts.map(shared) : parts
      assert.deepEqual(sha256(...given), slow(...parts))
      const [first] = given
      if (first !== undefined) assert.equal(sha256Hex(first), slow(first).toString('hex'))
      const id = 'k\u00e9y'
      assert.deepEqual(sha256(id, ...given), slow(Buffer.from(id, 'latin1'), ...parts))
    }),
    { numRuns: 100 },
  )
})

test('E3 a digest stays what it is when the next is taken', () => {
  const first = sha256(Buffer.from('a'), Buffer.from('b'))
  const copy = Buffer.from(first)
  for (let i = 0; i < 1_000; i++) sha256(Buffer.from(`${i}`), Buffer.from('b'))
  assert.deepEqual(first, copy)
})

/** The same bytes where a worker could read them. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
