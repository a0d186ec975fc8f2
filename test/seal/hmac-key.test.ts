import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { HmacKey } from '../../src/seal/hmac-key.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

test('E6 names and nonces are made with HMAC-SHA256: test cases 1 to 4, 6 and 7 of RFC 4231', () => {
  const cases: readonly (readonly [key: Buffer, data: Buffer, mac: string])[] = [
    [Buffer.alloc(20, 0x0b), Buffer.from('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      Buffer.from('Jefe'),
      Buffer.from('what do ya want for nothing?'),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [Buffer.alloc(20, 0xaa), Buffer.alloc(50, 0xdd), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
    [
      hex('0102030405060708090a0b0c0d0e0f10111213141516171819'),
      Buffer.alloc(50, 0xcd),
      '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
    ],
    [
      Buffer.alloc(131, 0xaa),
      Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
    [
      Buffer.alloc(131, 0xaa),
      Buffer.from(
        'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
      ),
      '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    ],
  ]
  for (const [key, data, mac] of cases) assert.equal(new HmacKey(key).digest(data).toString('hex'), mac)
})

test('E6 an HMAC is that of node:crypto for any key and any parts, and the key is as good for the next one', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
      fc.constantFrom(0, 15_000, 16_320, 70_000),
      (secret, parts, more) => {
        const all = [...parts, Buffer.alloc(more, 7)]
        const expected = createHmac('sha256', secret).update(Buffer.concat(all)).digest()
        const key = new HmacKey(secret)
        assert.deepEqual(key.digest(...all), expected)
        assert.deepEqual(key.digest(...all), expected)
      },
    ),
  )
})
