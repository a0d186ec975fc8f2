import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DigestList } from '../../src/model/digest-list.ts'
import { keyDigestBytes } from '../../src/model/key-digest.ts'
import { KeySet } from '../../src/model/key-set.ts'
import { chaskey } from './chaskey.ts'

const salt = Uint8Array.from({ length: 16 }, (_, i) => i)

function digestOf(key: string, set = new KeySet(salt)): string {
  const list = new DigestList()
  set.digester.digest(key)
  list.push(set.digester)
  return Buffer.from(list.take()).toString('hex')
}

test('digests are those of the published vectors of Chaskey-12', () => {
  // Those of the reference implementation (mouha.be/wp-content/uploads/chaskey12.c): the first three words for the bytes 0, 1, 2 … up to a length.
  const salted = new KeySet(Buffer.from('33343d839f389f004fe6982339cf7a41', 'hex'))
  const vectors = new Map([
    [0, [0x43cb1f41, 0x51eba0c2, 0xff0a8ac3]],
    [1, [0xf9ac2067, 0x9c35a846, 0x441aad3d]],
    [4, [0x0b2b62db, 0x1e9e3f50, 0xa1b8dcad]],
    [15, [0x03cfb44b, 0x283c8163, 0xfca71448]],
    [16, [0x5dd0e2a9, 0xfb5eac8c, 0x633a392e]],
    [17, [0x8b5f6d5a, 0x202314f6, 0x22092368]],
    [63, [0x2dd072e1, 0x42b89efe, 0xfb26b615]],
  ])
  for (const [length, words] of vectors) {
    const expected = Buffer.alloc(12)
    for (const [i, word] of words.entries()) expected.writeUInt32LE(word, i * 4)
    const text = String.fromCharCode(...Array.from({ length }, (_, i) => i))
    assert.equal(digestOf(text, salted), expected.subarray(0, keyDigestBytes).toString('hex'), `${length} bytes`)
  }
})

test('digests are those of the key in UTF-8, whatever it is made of and how long it is', () => {
  const key = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ maxLength: 40 }))
  fc.assert(
    fc.property(key, fc.uint8Array({ minLength: 16, maxLength: 16 }), (text, anySalt) => {
      fc.pre(text.isWellFormed())
      const expected = chaskey(anySalt, Buffer.from(text)).subarray(0, keyDigestBytes).toString('hex')
      assert.equal(digestOf(text, new KeySet(anySalt)), expected)
    }),
  )
})

test('digests of keys that are taken together are those that they have one by one, whatever they are made of and however much they take', () => {
  const key = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('\ud800', 'x'.repeat(40_000)),
  )
  fc.assert(
    fc.property(fc.array(key, { maxLength: 40 }), keys => {
      const { digester } = new KeySet(salt)
      const together = new Int32Array(3 * keys.length)
      digester.digestAll(keys, together)
      const oneByOne = keys.flatMap(each => {
        digester.digest(each)
        return [digester.low, digester.middle, digester.high]
      })
      assert.deepEqual([...together], oneByOne)
      // The one given last is at hand: it is the one that this says.
      digester.digestAll(keys, together)
      for (const again of [keys[0], keys.at(-1)]) {
        if (again === undefined) continue
        digester.digestAgain(again)
        assert.deepEqual(
          [digester.low, digester.middle, digester.high],
          oneByOne.slice(keys.indexOf(again) * 3, keys.indexOf(again) * 3 + 3),
        )
      }
    }),
  )
})

test('keys that differ only in lone surrogates differ', () => {
  const keys = ['\ud800', '\udc00', '\ud801', '\ufffd', '\udc00\ud800', '\ud800\udc00']
  assert.equal(new Set(keys.map(key => digestOf(key))).size, keys.length)
})

const anyName = fc.nat(20).map(n => `k${n}`)
const whats = ['add', 'delete', 'digests', 'meet', 'announce', 'finish', 'save', 'lose', 'new pass'] as const
const anyStep = fc.tuple(fc.constantFrom(...whats), anyName)

test('B3 a set of keys is exact whatever is added, met, finished, recorded, lost and taken out again', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 400, size: 'max' }), steps => {
      const set = new KeySet(salt)
      const recorded = new Set<string>()
      const met = new Set<string>()
      /** Finished, and in no record yet. */
      let finished = new Set<string>()
      const lost = new Set<string>()
      const announced: string[] = []
      const expected = (key: string) => (met.has(key) ? 'again' : recorded.has(key) ? 'recorded' : 'new')
      for (const [what, key] of steps) {
        // What an attempt finished stays with it until it is recorded: nobody else records it, or takes it out.
        const isFree = !finished.has(key) && !lost.has(key)
        if (what === 'add' && isFree) {
          set.add(key)
          recorded.add(key)
        } else if (what === 'delete' && isFree) {
          set.delete(key)
          recorded.delete(key)
        } else if (what === 'digests' && isFree) {
          set.addDigests(Buffer.from(digestOf(key) + digestOf(`${key}x`), 'hex'))
          recorded.add(key).add(`${key}x`)
        } else if (what === 'meet') {
          assert.equal(set.meet(key), expected(key))
          met.add(key)
        } else if (what === 'announce') {
          const keys = [key, `${key}y`]
          assert.equal(set.announce(keys), 2)
          for (const [i, next] of keys.entries()) {
            assert.equal(set.announcedWas(i), expected(next))
            met.add(next)
            announced[i] = next
          }
        } else if (what === 'finish' && isFree && met.has(key) && !recorded.has(key)) {
          // At its place among those announced last, at that of another, and at none.
          set.finish(key, finished.size % 2 === 0 ? announced.indexOf(key) : 1)
          finished.add(key)
        } else if (what === 'save') {
          const digests = set.takeFinished()
          assert.equal(digests.length, finished.size * keyDigestBytes)
          set.addDigests(digests)
          for (const one of finished) recorded.add(one)
          finished = new Set()
        } else if (what === 'lose') {
          set.takeFinished()
          for (const one of finished) lost.add(one)
          finished = new Set()
        } else if (what === 'new pass') {
          set.forgetMet()
          for (const unrecorded of [met, finished, lost]) unrecorded.clear()
        }
        assert.deepEqual([set.size, set.finished], [recorded.size, finished.size])
      }
      set.forgetMet()
      for (let n = 0; n <= 20; n++) {
        assert.equal(set.has(`k${n}`), recorded.has(`k${n}`), `k${n}`)
        assert.equal(set.meet(`k${n}`), recorded.has(`k${n}`) ? 'recorded' : 'new', `k${n}`)
      }
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

test('B3 many digests at once, told how many come, are the keys that they were made of, once each', () => {
  const list = new DigestList()
  const digester = new KeySet(salt).digester
  for (let n = 0; n < 60_000; n++) {
    digester.digest(`order-${n}`)
    list.push(digester)
  }
  const bytes = list.take()
  for (const most of [undefined, 0, 50_000, 60_000, 1e9]) {
    const set = new KeySet(salt)
    set.addDigests(bytes.subarray(0, 50_000 * keyDigestBytes), most)
    // The second time as well, and some of them among others.
    set.addDigests(bytes.subarray(0, 50_000 * keyDigestBytes))
    set.addDigests(bytes.subarray(45_000 * keyDigestBytes))
    assert.equal(set.size, 60_000, `told ${most}`)
    for (let n = 0; n < 120_000; n += 7) assert.equal(set.has(`order-${n}`), n < 60_000, `order-${n}, told ${most}`)
  }
})

/** Milliseconds of CPU. */
function cpuOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

test('B3 many digests that come at once go into the tables as fast as in pieces: they come in the order of the tables, which must not fill from the front', () => {
  const list = new DigestList()
  const digester = new KeySet(salt).digester
  for (let n = 0; n < 600_000; n++) {
    digester.digest(`order-${n}`)
    list.push(digester)
  }
  const bytes = list.take()
  const piece = 10_000 * keyDigestBytes
  const inPieces = new KeySet(salt)
  const piecesMs = cpuOf(() => {
    for (let at = 0; at < bytes.length; at += piece) inPieces.addDigests(bytes.subarray(at, at + piece))
  })
  const atOnce = new KeySet(salt)
  const atOnceMs = cpuOf(() => atOnce.addDigests(bytes))
  assert.deepEqual([inPieces.size, atOnce.size], [600_000, 600_000])
  // About 0.7 times as long; filled from the front, more than 20 times.
  assert.ok(atOnceMs < 5 * piecesMs, `${atOnceMs} ms at once, ${piecesMs} ms in pieces`)
})
