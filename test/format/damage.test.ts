import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { anyValue } from './any-value.ts'

function decodeHex(hex: string): unknown {
  return decodeValue(Buffer.from(hex, 'hex'))
}

test('every form that the writer does not make is damage (E3)', () => {
  const forms: readonly (readonly [hex: string, what: string])[] = [
    ['', 'nothing'],
    ['0000', 'a second value after the end'],
    ['1817', 'a one-byte argument that fits the first byte'],
    ['1900ff', 'a two-byte argument that fits one'],
    ['1a0000ffff', 'a four-byte argument that fits two'],
    ['1b00000000ffffffff', 'an eight-byte argument that fits four'],
    ['3800', 'a negative integer, likewise'],
    ['1b0020000000000000', '2^53 as integer'],
    ['3b001fffffffffffff', '-2^53 as integer'],
    ['1c', 'a reserved head'],
    ['1f', 'an indefinite integer'],
    ['780161', 'a text with a longer head than needed'],
    ['9801f6', 'an array with a longer head than needed'],
    ['b801616101', 'a map with a longer head than needed'],
    ['d80200', 'a tag with a longer head than needed'],
    ['f90000', '0 as float'],
    ['fa3f800000', '1 as float'],
    ['fb3ff0000000000000', '1 as float'],
    ['fa3fc00000', '1.5 in four bytes'],
    ['fb3ff8000000000000', '1.5 in eight bytes'],
    ['fb3fb99999a0000000', 'a number that four bytes hold in eight'],
    ['f97e01', 'another NaN'],
    ['f97fff', 'another NaN'],
    ['f800', 'a simple value in two bytes'],
    ['ff', 'a break'],
    ['62c328', 'text that is not UTF-8'],
    ['63eda080', 'a lone surrogate in UTF-8'],
    ['62c080', 'an overlong form in UTF-8'],
    ['6dc32800000000000000000000', 'text that is not UTF-8, too long to be looked up'],
    ['a1f600', 'a key that is no text'],
    ['a10000', 'a key that is no text'],
    ['a2616100616101', 'a key twice'],
    ['a2616200613100', 'an index key after another key'],
    ['a2613200613100', 'index keys out of order'],
    ['a2613100613100', 'an index key twice'],
    ['d820', 'a tag, then nothing'],
    ['c24100', 'a bigint with a leading zero'],
    ['c2420001', 'a bigint with a leading zero'],
    ['c201', 'a bigint that is no byte string'],
    ['c1f93c00', 'a Date of a float of seconds'],
    ['c1f97c00', 'a Date of infinitely many seconds'],
    ['c1fb41d452d9ec200000', 'a Date of a float of seconds'],
    ['c11b00000800000000000000', 'a Date out of range'],
    ['d903e9a2010122', 'a Date cut off'],
    ['d903e9a201012200', 'a Date with no milliseconds'],
    ['d903e9a20101221903e8', 'a Date with a second of milliseconds'],
    ['d903e9a1010122', 'a Date with other fields'],
    ['d903e9a222010101', 'a Date with fields in another order'],
    ['d9010381', 'a Map of an array'],
    ['d90103a2010201f6', 'a Map with a key twice'],
    ['d90103a1f9800001', 'a Map with -0 as key'],
    ['d90103a2616100616101', 'a Map with a text twice as key'],
    ['d90102820101', 'a Set with an element twice'],
    ['d9010281f98000', 'a Set with -0'],
    ['d90102a0', 'a Set of a map'],
    ['d81ff7', 'an absent element that is in no array'],
    ['a16161d81ff7', 'an absent element that is in no array'],
    ['81d81ff6', 'an absent element that is not undefined'],
    ['d8206161', 'a URL that is none'],
    ['d82072687474703a2f2f6578616d706c652e636f6d', 'a URL without its final slash'],
    ['d9524a816161', 'a RegExp without flags'],
    ['d9524a82612f60', 'a RegExp not in its own form'],
    ['d9524a82616162696767', 'a RegExp, then more'],
    ['d9524a826161626967', 'a RegExp with flags out of order'],
    ['d844f6', 'a typed array that is no byte string'],
    ['d845430102ff', 'a Uint16Array of three bytes'],
    ['d85647ffffffffffffff', 'a Float64Array of seven bytes'],
    ['d90111416100', 'WTF-8, then more'],
    ['d901114161', 'WTF-8 where UTF-8 does'],
    ['d9011146eda0bdedb880', 'a surrogate pair as two in WTF-8'],
    ['d9011142eda0', 'WTF-8 cut off'],
    ['d81ca0', 'a shared value to which nothing refers'],
    ['82d81c01d81d00', 'a shared value that is no object'],
    ['82d81cd81ca0d81d00', 'a value shared twice'],
    ['83d81ca0d81cd81d00d81d00', 'a shared reference'],
    ['81d81d00', 'a reference to nothing'],
    ['82d81d00d81ca0', 'a reference to something that comes later'],
    ['da574d4b0180', 'an instance without name'],
    ['da574d4b02a0', 'an Error without class'],
    ['da574d4b02a1646e616d656161', 'an Error without class'],
    ['da574d4b02a265636c617373654572726f7265636c617373654572726f72', 'an Error with two classes'],
    ['da574d4b02a265636c617373654572726f7263666f6f00', 'an Error with an unknown field'],
    ['da574d4b02a265636c617373654572726f72646e616d65654572726f72', 'an Error with the name of its class'],
    ['da574d4b02a265636c617373654572726f726a70726f70657274696573a0', 'an Error with no properties listed'],
  ]
  for (const [hex, what] of forms) assert.throws(() => decodeHex(hex), { code: 'corrupt' }, `${what}: ${hex}`)
})

test('tags and classes that are not known are unsupported, which is not damage (C9)', () => {
  for (const [hex, name] of [
    ['c06161', 0],
    ['d8184100', 24],
    ['d8404100', 64],
    ['da574d4bff00', 0x574d4bff],
  ] as const) {
    assert.throws(() => decodeHex(hex), { code: 'unsupported', details: { tag: name } })
  }
  assert.throws(() => decodeHex('da574d4b02a165636c61737363466f6f'), { code: 'unsupported', message: /class of Error "Foo"/ })
  assert.throws(() => decodeHex('d9524a82615b60'), { code: 'unsupported', message: /regular expression/ })
})

test('a count or length that the bytes cannot hold is refused before anything is made for it [pitfall 14]', () => {
  for (const head of [
    '9b001fffffffffffff',
    '9affffffff',
    'bb001fffffffffffff',
    'baffffffff',
    '5b001fffffffffffff',
    '7affffffff',
  ]) {
    assert.throws(() => decodeHex(`${head}000000`), { code: 'corrupt' })
    assert.throws(() => decodeHex(`d90103${head}000000`), { code: 'corrupt' })
    assert.throws(() => decodeHex(`d90102${head}000000`), { code: 'corrupt' })
    assert.throws(() => decodeHex(`d845${head}000000`), { code: 'corrupt' })
    assert.throws(() => decodeHex(`c2${head}000000`), { code: 'corrupt' })
  }
})

test('arrays that each claim all that follows do not multiply memory', () => {
  const claims = Buffer.alloc(8_000_000, Buffer.from('9a00700000', 'hex'))
  assert.throws(() => decodeValue(claims), { code: 'limit' })
  assert.throws(() => decodeValue(claims.subarray(0, 4500)), { code: 'corrupt' })
})

test('deep nesting is a limit, in every kind of container, whatever maxDepth allows', () => {
  const containers = [
    '81',
    'a16161',
    'd90103a101',
    'd9010281',
    'da574d4b03a16161',
    'da574d4b02a265636c617373654572726f72656361757365',
  ]
  for (const container of containers) {
    const deep = Buffer.from(`${container.repeat(50_000)}f6`, 'hex')
    assert.throws(() => decodeValue(deep), { code: 'limit', message: /deeper than 1000 levels/ })
    assert.throws(() => decodeValue(deep, { maxDepth: 10 }), { code: 'limit', message: /deeper than 10 levels/ })
    assert.throws(() => decodeValue(deep, { maxDepth: 1e9 }), { code: 'limit' })
  }
})

test('an encoding that is cut off anywhere is damage [pitfall 6]', () => {
  fc.assert(
    fc.property(anyValue, value => {
      const bytes = encodeValue(value)
      for (let length = 0; length < bytes.length; length++) {
        assert.throws(
          () => decodeValue(bytes.subarray(0, length)),
          (error: unknown) => isWaymarkError(error, 'corrupt') || isWaymarkError(error, 'unsupported'),
        )
      }
    }),
    { numRuns: 150 },
  )
})

/** Changes to bytes as failing memory and disks, and people, make them. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('zero' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 20 }) }),
)

test('changed bytes are an error of ours or the one encoding of another value, never a crash (E3) [pitfall 14]', () => {
  let accepted = 0
  fc.assert(
    fc.property(anyValue, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
      let bytes: Buffer = Buffer.from(encodeValue(value))
      for (const each of changes) bytes = changed(bytes, each)
      if (isReadOrRefused(bytes)) accepted++
    }),
    { numRuns: 8000 },
  )
  // Without values that were accepted the claim would be about errors only.
  assert.ok(accepted > 500, `${accepted} accepted`)
})

test('random bytes are an error of ours or the one encoding of a value', () => {
  const heads = fc.constantFrom(
    0x81,
    0x82,
    0xa1,
    0xd8,
    0xd9,
    0xda,
    0x60,
    0x61,
    0x40,
    0xc1,
    0xc2,
    0xf9,
    0xfb,
    0x1f,
    0x03,
    0x01,
    0x1c,
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(heads, fc.nat(255)), { maxLength: 24 }), list => {
      isReadOrRefused(Buffer.from(list))
    }),
    { numRuns: 8000 },
  )
})

/** True if the bytes are a value; then they must be the only encoding of it. */
function isReadOrRefused(bytes: Buffer): boolean {
  let value: unknown
  try {
    value = decodeValue(bytes)
  } catch (error) {
    assert.ok(isWaymarkError(error), String(error))
    assert.ok(['corrupt', 'unsupported', 'limit'].includes(error.code), error.message)
    return false
  }
  assert.equal(Buffer.from(encodeValue(value, { references: true })).toString('hex'), bytes.toString('hex'))
  return true
}

type Change = typeof change extends fc.Arbitrary<infer Kind> ? Kind : never

function changed(bytes: Buffer, each: Change): Buffer {
  if (bytes.length === 0) return bytes
  const at = each.at % bytes.length
  const result = Buffer.from(bytes)
  switch (each.kind) {
    case 'flip':
      result[at] = (bytes[at] ?? 0) ^ (1 << each.bit)
      return result
    case 'set':
      result[at] = each.byte
      return result
    case 'zero':
      return result.fill(0, at, Math.min(at + each.length, result.length))
    case 'remove':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + each.length)])
    case 'repeat':
      return Buffer.concat([bytes.subarray(0, at + each.length), bytes.subarray(at)])
  }
}
