import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '../../src/model/clock.ts'

test('X2 no two draws of the machine’s randomness share bytes, whatever lengths are asked for', () => {
  const seen = new Set<string>()
  const ends = [new Set<number | undefined>(), new Set<number | undefined>()]
  let draws = 0
  for (let i = 0; i < 3_000; i++) {
    // Sixteen bytes never come twice by chance; odd lengths in between move where the next begin.
    const bytes = systemRandom.bytes(16 + (i % 7))
    assert.equal(bytes.length, 16 + (i % 7))
    seen.add(Buffer.from(bytes.subarray(0, 16)).toString('hex'))
    ends[0]?.add(bytes[0])
    ends[1]?.add(bytes.at(-1))
    draws++
  }
  assert.equal(seen.size, draws)
  // At the seams too: a byte given out twice is zero the second time.
  assert.deepEqual(
    ends.map(values => values.size),
    [256, 256],
  )
})

test('X2 a draw is the caller’s own: to change it changes no later one', () => {
  const first = systemRandom.bytes(16)
  first.fill(0)
  assert.notDeepEqual(systemRandom.bytes(16), first)
  assert.equal(first.buffer.byteLength, 16)
})

test('X2 more bytes than are kept ready are random all the same, to the last', () => {
  const bytes = systemRandom.bytes(10_000)
  assert.equal(bytes.length, 10_000)
  const tails = new Set(Array.from({ length: 50 }, () => Buffer.from(systemRandom.bytes(5_000).subarray(-16)).toString('hex')))
  assert.equal(tails.size, 50)
  assert.ok(new Set(bytes.subarray(-1_000)).size > 200)
})
