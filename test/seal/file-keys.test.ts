import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { dataKeyOf, derive, newDataKey } from '../../src/seal/data-key.ts'
import { type FileKeys, fileKeys, seal, sealOverhead, unseal } from '../../src/seal/file-keys.ts'
import { HmacKey } from '../../src/seal/hmac-key.ts'
import { Seals } from '../../src/seal/seals.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

test('E6 keys are derived with HKDF-SHA256: test case 3 of RFC 5869', () => {
  const made = derive(hex('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b'), new Uint8Array(0), '', 42)
  assert.equal(made.toString('hex'), '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8')
})

test('E6 what is sealed opens as AES-256-GCM: test cases 14 and 16 of the specification that NIST took over', () => {
  // McGrew and Viega, The Galois/Counter Mode of Operation, appendix B.
  const zeros: FileKeys = { cipher: createSecretKey(Buffer.alloc(32)), nonces: new HmacKey(Buffer.alloc(32)) }
  const case14 = hex('000000000000000000000000' + 'cea7403d4d606b6e074ec5d3baf39d18' + 'd0d1c8a799996bf0265b98b5d48ab919')
  assert.deepEqual(unseal(zeros, new Uint8Array(0), case14), Buffer.alloc(16))
  const keys = { ...zeros, cipher: createSecretKey(hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308')) }
  const case16 = hex(
    'cafebabefacedbaddecaf888' +
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
      '76fc6ece0f4e1768cddf8853bb2d551b',
  )
  const plain =
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39'
  assert.equal(unseal(keys, hex('feedfacedeadbeeffeedfacedeadbeefabaddad2'), case16)?.toString('hex'), plain)
})

test('E6 a nonce is the first 96 bits of HMAC-SHA256 over the length of the place, the place and the content, short or long', () => {
  const key = newDataKey(seededRandom(1), 0)
  const salt = Buffer.alloc(16, 1)
  const secret = derive(key.secret, salt, 'waymark/file/1', 64).subarray(32)
  for (const length of [0, 1, 1_300, 16_200, 16_384, 65_536]) {
    const [place, plain] = [Buffer.alloc(83, 2), Buffer.alloc(length, 3)]
    const placeLength = Buffer.from([place.length, 0, 0, 0])
    const expected = createHmac('sha256', secret).update(placeLength).update(place).update(plain).digest()
    assert.deepEqual(seal(fileKeys(key, salt, 'file'), place, plain).subarray(0, 12), expected.subarray(0, 12), `${length} bytes`)
  }
})

test('E6 what is sealed opens with its key at its place, and not with a bit changed of any of them', () => {
  const key = newDataKey(seededRandom(1), 0)
  const keys = fileKeys(key, Buffer.alloc(16, 1), 'file')
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.nat(),
      (plain, place, where) => {
        const sealed = seal(keys, place, plain)
        assert.equal(sealed.length, plain.length + sealOverhead)
        assert.ok(unseal(keys, place, sealed)?.equals(plain))
        const flipped = Buffer.from(sealed)
        flipped.writeUInt8(flipped.readUInt8(where % sealed.length) ^ (1 << (where % 8)), where % sealed.length)
        assert.equal(unseal(keys, place, flipped), undefined)
        const elsewhere = Buffer.from(place)
        elsewhere.writeUInt8(elsewhere.readUInt8(where % place.length) ^ 1, where % place.length)
        assert.equal(unseal(keys, elsewhere, sealed), undefined)
        assert.equal(unseal(fileKeys(key, Buffer.alloc(16, 2), 'file'), place, sealed), undefined)
        assert.equal(unseal(fileKeys(key, Buffer.alloc(16, 1), 'segment'), place, sealed), undefined)
        assert.equal(unseal(keys, place, sealed.subarray(0, -1)), undefined)
      },
    ),
  )
})

test('E6 a data key is what its id says: another secret under the same id is refused', () => {
  const key = newDataKey(seededRandom(2), 5)
  assert.match(key.id, /^[0-9a-f]{20}$/)
  assert.deepEqual(dataKeyOf(key.id, key.secret, 5), key)
  assert.equal(dataKeyOf(key.id, seededRandom(3).bytes(32), 5), undefined)
  assert.equal(dataKeyOf('', key.secret, 5), undefined)
})

test('E6 names are the same for the same name only, and differ by kind and by store', () => {
  const seals = (seed: number): Seals => {
    const keys = {
      dataKeys: [newDataKey(seededRandom(seed), 0)],
      nameSecret: seededRandom(seed).bytes(32),
      acceptsPlain: false,
      generation: 0,
    }
    return new Seals(keys, async () => keys)
  }
  const [one, two] = [seals(1), seals(2)]
  assert.match(one.name('stream', 'run-7'), /^[0-9abcdefghjkmnpqrstvwxyz]{26}$/)
  assert.equal(one.name('stream', 'run-7'), seals(1).name('stream', 'run-7'))
  const names = [
    one.name('stream', 'run-7'),
    one.name('stream', 'run-8'),
    one.name('chunk', 'run-7'),
    two.name('stream', 'run-7'),
  ]
  assert.equal(new Set(names).size, 4)
  assert.equal(new Set(Array.from({ length: 2000 }, (_, i) => one.name('stream', `${i}`).slice(-6))).size, 2000)
})
