import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'

// The examples of RFC 8949, Appendix A.

/** Those that are the one encoding of a JavaScript value. */
const exact: readonly (readonly [hex: string, value: unknown])[] = [
  ['00', 0],
  ['01', 1],
  ['0a', 10],
  ['17', 23],
  ['1818', 24],
  ['1819', 25],
  ['1864', 100],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['c249010000000000000000', 18446744073709551616n],
  ['c349010000000000000000', -18446744073709551617n],
  ['20', -1],
  ['29', -10],
  ['3863', -100],
  ['3903e7', -1000],
  ['f98000', -0],
  ['fb3ff199999999999a', 1.1],
  ['f93e00', 1.5],
  ['fa7f7fffff', 3.4028234663852886e38],
  ['fb7e37e43c8800759c', 1.0e300],
  ['f90001', 2 ** -24],
  ['f90400', 0.00006103515625],
  ['fbc010666666666666', -4.1],
  ['f97c00', Number.POSITIVE_INFINITY],
  ['f97e00', Number.NaN],
  ['f9fc00', Number.NEGATIVE_INFINITY],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['f7', undefined],
  ['c11a514b67b0', new Date('2013-03-21T20:04:00Z')],
  ['40', new Uint8Array()],
  ['4401020304', new Uint8Array([1, 2, 3, 4])],
  ['60', ''],
  ['6161', 'a'],
  ['6449455446', 'IETF'],
  ['62225c', '"\\'],
  ['62c3bc', 'ü'],
  ['63e6b0b4', '水'],
  ['64f0908591', '\ud800\udd51'],
  ['80', []],
  ['83010203', [1, 2, 3]],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['98190102030405060708090a0b0c0d0e0f101112131415161718181819', Array.from({ length: 25 }, (_, index) => index + 1)],
  ['a0', {}],
  ['a26161016162820203', { a: 1, b: [2, 3] }],
  ['826161a161626163', ['a', { b: 'c' }]],
  ['a56161614161626142616361436164614461656145', { a: 'A', b: 'B', c: 'C', d: 'D', e: 'E' }],
]

/** Well-formed CBOR that the writer never makes: the value has another encoding here, or none. */
const refused: readonly (readonly [hex: string, why: string, code: string])[] = [
  ['1bffffffffffffffff', 'integer beyond 2^53', 'corrupt'],
  ['3bffffffffffffffff', 'integer beyond 2^53', 'corrupt'],
  ['f90000', 'an integer as float', 'corrupt'],
  ['f93c00', 'an integer as float', 'corrupt'],
  ['f97bff', 'an integer as float', 'corrupt'],
  ['fa47c35000', 'an integer as float', 'corrupt'],
  ['f9c400', 'an integer as float', 'corrupt'],
  ['fa7f800000', 'Infinity in more bytes', 'corrupt'],
  ['fa7fc00000', 'NaN in more bytes', 'corrupt'],
  ['faff800000', '-Infinity in more bytes', 'corrupt'],
  ['fb7ff0000000000000', 'Infinity in more bytes', 'corrupt'],
  ['fb7ff8000000000000', 'NaN in more bytes', 'corrupt'],
  ['fbfff0000000000000', '-Infinity in more bytes', 'corrupt'],
  ['f0', 'simple value', 'corrupt'],
  ['f818', 'simple value', 'corrupt'],
  ['f8ff', 'simple value', 'corrupt'],
  ['c074323031332d30332d32315432303a30343a30305a', 'date as text', 'unsupported'],
  ['c1fb41d452d9ec200000', 'date with a fraction of seconds', 'corrupt'],
  ['d74401020304', 'tag 23', 'unsupported'],
  ['d818456449455446', 'tag 24', 'unsupported'],
  ['d82076687474703a2f2f7777772e6578616d706c652e636f6d', 'URL not in its own form', 'corrupt'],
  ['a201020304', 'a map with integer keys, without tag 259', 'corrupt'],
  ['5f42010243030405ff', 'indefinite length', 'corrupt'],
  ['7f657374726561646d696e67ff', 'indefinite length', 'corrupt'],
  ['9fff', 'indefinite length', 'corrupt'],
  ['9f018202039f0405ffff', 'indefinite length', 'corrupt'],
  ['9f01820203820405ff', 'indefinite length', 'corrupt'],
  ['83018202039f0405ff', 'indefinite length', 'corrupt'],
  ['83019f0203ff820405', 'indefinite length', 'corrupt'],
  ['9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff', 'indefinite length', 'corrupt'],
  ['bf61610161629f0203ffff', 'indefinite length', 'corrupt'],
  ['826161bf61626163ff', 'indefinite length', 'corrupt'],
  ['bf6346756ef563416d7421ff', 'indefinite length', 'corrupt'],
]

test('the examples of RFC 8949 are written and read as it says', () => {
  for (const [hex, value] of exact) {
    assert.equal(Buffer.from(encodeValue(value)).toString('hex'), hex)
    assert.deepStrictEqual(decodeValue(Buffer.from(hex, 'hex')), value)
  }
})

test('the examples that are another form of a value, or none of ours, are refused', () => {
  for (const [hex, why, code] of refused) assert.throws(() => decodeValue(Buffer.from(hex, 'hex')), { code }, `${hex}: ${why}`)
})

test('no example is left out', () => {
  assert.equal(exact.length + refused.length, 82)
})
