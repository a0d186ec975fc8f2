import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeElements, decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { without } from './any-value.ts'

test('the elements of an array come one by one, equal to those of the whole (E9)', () => {
  const value = [1, { a: new Map([[1, 2]]) }, undefined, 'x', [3]]
  const bytes = encodeValue(value)
  assert.deepStrictEqual([...decodeElements(bytes)], value)
  assert.deepStrictEqual([...decodeElements(encodeValue([]))], [])
  assert.deepStrictEqual([...decodeElements(encodeValue(without([1, 0, 2], 1)))], [1, undefined, 2])
})

test('elements share their identities', () => {
  const shared = { a: 1 }
  const [first, second] = decodeElements(encodeValue([shared, [shared]], { references: true }))
  assert.ok(Array.isArray(second) && second[0] === first)
})

test('anything but an array has no elements', () => {
  for (const value of [{}, 1, 'text', new Set([1]), new Map(), null]) {
    assert.throws(() => decodeElements(encodeValue(value)), { code: 'invalid' })
  }
  assert.throws(() => decodeElements(new Uint8Array()), { code: 'corrupt' })
})

test('the elements before damage are yielded, the damage is reported', () => {
  const bytes = encodeValue(['first', 'second', 'third'])
  const seen: unknown[] = []
  assert.throws(
    () => {
      for (const element of decodeElements(bytes.subarray(0, -2))) seen.push(element)
    },
    { code: 'corrupt' },
  )
  assert.deepEqual(seen, ['first', 'second'])
  assert.throws(() => [...decodeElements(Buffer.concat([bytes, Buffer.from('00', 'hex')]))], { code: 'corrupt' })
})

test('an element nests as deep as it does in the whole', () => {
  let deep: unknown = 0
  for (let level = 0; level < 1000; level++) deep = [deep]
  const bytes = encodeValue(deep)
  assert.deepStrictEqual([...decodeElements(bytes)], decodeValue(bytes))
})
