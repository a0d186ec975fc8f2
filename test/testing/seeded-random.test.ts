import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../src/testing/seeded-random.ts'

test('the generator is sfc32: it gives the words of the reference implementation', () => {
  // Known answers of PractRand's sfc32 for the seed 0x1_0000_0002, as published in the tests of the Rust crate rand_sfc.
  const expected = [
    0x03b80bb8, 0xa87dbc7e, 0x1787178c, 0x4c7b7234, 0xc65dade2, 0x2c692349, 0xf52c2153, 0xdf098072, 0x9d49b03c, 0x9562381a,
    0xc9b41738, 0x64b75e54, 0x36ce9b32, 0xf106947e, 0x0afc726b, 0x549bbc87,
  ]
  const bytes = seededRandom(0x1_0000_0002).bytes(64)
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 16)
  assert.deepEqual([...words], expected)
})

test('the same seed replays, another seed does not', () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed)
    return [random.next(), random.integer(1000), random.bool(0.5), random.pick(['a', 'b', 'c']), ...random.bytes(7)]
  }
  assert.deepEqual(draw(7), draw(7))
  assert.notDeepEqual(draw(7), draw(8))
  assert.notDeepEqual(draw(-1), draw(1))
})

test('draws stay in range and reach all of it', () => {
  const random = seededRandom(1)
  const seen = new Set<number>()
  let sum = 0
  for (let n = 0; n < 10_000; n++) {
    const next = random.next()
    assert.ok(next >= 0 && next < 1)
    sum += next
    seen.add(random.integer(7))
  }
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6])
  assert.ok(Math.abs(sum / 10_000 - 0.5) < 0.02)
  assert.equal(random.bool(0), false)
  assert.equal(random.bool(1), true)
  assert.equal(random.bytes(0).length, 0)
  assert.equal(random.bytes(5).length, 5)
})

test('what cannot be drawn is refused', () => {
  const random = seededRandom(1)
  assert.throws(() => random.pick([]), RangeError)
  assert.throws(() => random.integer(0), RangeError)
  assert.throws(() => seededRandom(0.5), RangeError)
})
