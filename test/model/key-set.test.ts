import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keyDigestBytes } from '../../src/model/key-digest.ts'
import { DigestList, KeySet } from '../../src/model/key-set.ts'
import { sipHash } from './sip-hash.ts'

const salt = Uint8Array.from({ length: 16 }, (_, i) => i)

function digestOf(key: string, set = new KeySet(salt)): string {
  const list = new DigestList()
  set.digester.digest(key)
  list.push(set.digester)
  return Buffer.from(list.take()).toString('hex')
}

test('digests are those of the published vectors of SipHash-2-4-128', () => {
  const vectors = ['a3817f04ba25a8e66df672', 'da87c1d86b99af44347659', '8177228da4a45dc7fca38b', undefined, undefined]
  for (const [length, expected] of vectors.entries()) {
    const key = String.fromCharCode(...Array.from({ length }, (_, i) => i))
    if (expected !== undefined) assert.equal(digestOf(key), expected)
  }
  assert.equal(digestOf(String.fromCharCode(...Array.from({ length: 15 }, (_, i) => i))), '5493e99933b0a8117e08ec')
})

test('digests are those of the key in UTF-8, whatever it is made of and how long it is', () => {
  const key = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ maxLength: 40 }))
  fc.assert(
    fc.property(key, fc.uint8Array({ minLength: 16, maxLength: 16 }), (text, anySalt) => {
      fc.pre(text.isWellFormed())
      const expected = sipHash(anySalt, Buffer.from(text)).subarray(0, keyDigestBytes).toString('hex')
      assert.equal(digestOf(text, new KeySet(anySalt)), expected)
    }),
  )
})

test('keys that differ only in lone surrogates differ', () => {
  const keys = ['\ud800', '\udc00', '\ud801', '\ufffd', '\udc00\ud800', '\ud800\udc00']
  assert.equal(new Set(keys.map(key => digestOf(key))).size, keys.length)
})

const anyName = fc.nat(20).map(n => `k${n}`)
const anyStep = fc.tuple(fc.constantFrom('add', 'delete', 'meet', 'digests'), anyName)

test('B3 a set of keys is exact whatever is added, met and taken out again', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 400 }), steps => {
      const set = new KeySet(salt)
      const recorded = new Set<string>()
      const met = new Set<string>()
      for (const [what, key] of steps) {
        if (what === 'add') {
          set.add(key)
          recorded.add(key)
        } else if (what === 'delete') {
          set.delete(key)
          recorded.delete(key)
        } else if (what === 'digests') {
          set.addDigests(Buffer.from(digestOf(key) + digestOf(`${key}x`), 'hex'))
          recorded.add(key).add(`${key}x`)
        } else {
          assert.equal(set.meet(key), met.has(key) ? 'again' : recorded.has(key) ? 'recorded' : 'new')
          met.add(key)
        }
        assert.equal(set.size, recorded.size)
      }
      for (let n = 0; n <= 20; n++) assert.equal(set.has(`k${n}`), recorded.has(`k${n}`), `k${n}`)
    }),
  )
})

test('B3 hundreds of thousands of keys are all there, and no others', () => {
  const set = new KeySet(salt)
  const list = new DigestList()
  for (let n = 0; n < 200_000; n++) {
    set.digester.digest(`order-${n}`)
    list.push(set.digester)
  }
  assert.equal(list.length, 200_000)
  const bytes = list.take()
  assert.equal(bytes.length, 200_000 * keyDigestBytes)
  set.addDigests(bytes)
  assert.equal(set.size, 200_000)
  for (let n = 0; n < 400_000; n++) assert.equal(set.has(`order-${n}`), n < 200_000, `order-${n}`)
})

test('keys under another salt are others', () => {
  assert.notEqual(digestOf('a', new KeySet()), digestOf('a'))
})

test('bytes that are not whole digests are corrupt', () => {
  const bytes = Buffer.from(digestOf('a'), 'hex')
  for (let length = 1; length < bytes.length; length++)
    assert.throws(() => new KeySet(salt).addDigests(bytes.subarray(0, length)), { code: 'corrupt' })
})
