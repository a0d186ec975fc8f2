import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'

// Equal values that V8 holds in different ways. `v8.serialize` gives other bytes for each of these pairs.

test('an integer is encoded the same however it was computed', () => {
  const half: unknown[] = [0.5, 2.5, 3.5e9]
  const computed = half.map(value => Number(value) * 2)
  assert.deepStrictEqual(encodeValue(computed), encodeValue([1, 5, 7e9]))
  const doubles = [1.5, 3, 4]
  doubles[0] = 2
  assert.deepStrictEqual(encodeValue(doubles), encodeValue([2, 3, 4]))
})

test('ASCII text is encoded the same when V8 holds it in two bytes a character', () => {
  const wide = `水${'plain ascii text'.repeat(3)}`.slice(1)
  const joined = ['plain ascii text', 'plain ascii text', 'plain ascii text'].join('')
  assert.deepStrictEqual(encodeValue({ [wide]: wide }), encodeValue({ [joined]: joined }))
})

test('an array is encoded the same when it was made with holes, grown backwards or shrunk', () => {
  const plain = Array.from({ length: 50 }, (_, index) => index)
  const holey: number[] = new Array(50)
  for (let index = 49; index >= 0; index--) holey[index] = index
  const sparse: number[] = []
  sparse[100_000] = 1
  for (let index = 0; index < 50; index++) sparse[index] = index
  sparse.length = 50
  assert.deepStrictEqual(encodeValue(holey), encodeValue(plain))
  assert.deepStrictEqual(encodeValue(sparse), encodeValue(plain))
})

test('an object is encoded the same when V8 turned it into a dictionary', () => {
  const entries = Array.from({ length: 40 }, (_, index): [string, number] => [`key${index}`, index])
  const dictionary: Record<string, unknown> = { removed: 1, ...Object.fromEntries(entries) }
  delete dictionary['removed']
  assert.deepStrictEqual(encodeValue(dictionary), encodeValue(Object.fromEntries(entries)))
  const small: Record<string, unknown> = { removed: 1, id: 1, name: 'a' }
  delete small['removed']
  assert.deepStrictEqual(encodeValue(small), encodeValue({ id: 1, name: 'a' }))
})

test('every NaN is the same bytes', () => {
  const payload = new Float64Array(new BigUint64Array([0xfff8_0000_0000_1234n]).buffer)[0]
  assert.deepStrictEqual(encodeValue(payload), encodeValue(Number.NaN))
})

test('the order of keys, Map entries and Set elements is kept and changes the bytes', () => {
  assert.notDeepStrictEqual(encodeValue({ a: 1, b: 2 }), encodeValue({ b: 2, a: 1 }))
  const read = decodeValue(
    encodeValue([
      { z: 1, a: 2, 1: 3 },
      new Map([
        ['z', 1],
        ['a', 2],
      ]),
      new Set(['z', 'a']),
    ]),
  )
  assert.ok(Array.isArray(read))
  assert.deepEqual(Object.keys(read[0]), ['1', 'z', 'a'])
  assert.deepEqual([...read[1].keys()], ['z', 'a'])
  assert.deepEqual([...read[2]], ['z', 'a'])
})

test('the bytes of a part do not depend on what stands around it, so that an edit stays local', () => {
  const part = { id: 7, when: new Date(1_760_000_000_123), tags: new Set(['x']), note: 'the same part' }
  const alone = Buffer.from(encodeValue(part))
  for (const whole of [[part], { before: [1, 2, 3], part }, new Map([['k', [part, part]]])]) {
    assert.ok(Buffer.from(encodeValue(whole)).includes(alone))
  }
})
