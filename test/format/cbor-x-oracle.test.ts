import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decoder, Encoder } from 'cbor-x'
import fc from 'fast-check'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { objectOf } from './any-value.ts'

// cbor-x is an independent implementation of CBOR: what both sides can say must mean the same to both.

const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false })
const decoder = new Decoder({ useRecords: false, mapsAsObjects: true })

const key = fc.string({ maxLength: 12 }).filter(name => name !== '__proto__')

function values(number: fc.Arbitrary<number>): fc.Arbitrary<unknown> {
  return fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      number,
      fc.string({ unit: 'grapheme', maxLength: 80 }),
      fc.string({ maxLength: 400 }),
      fc.constantFrom(true, false, null, undefined),
      fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
      fc.array(tie('value'), { maxLength: 30 }),
      fc.uniqueArray(fc.tuple(key, tie('value')), { maxLength: 30, selector: ([name]) => name }).map(list => objectOf({}, list)),
      fc.array(tie('value'), { maxLength: 5 }).map(list => new Set(list)),
    ),
  })).value
}

test('cbor-x reads what we write', () => {
  // cbor-x makes bigints of negative integers beyond 32 bits.
  const numbers = fc.oneof(
    fc.integer(),
    fc.maxSafeNat(),
    fc.double(),
    fc.float(),
    fc.constantFrom(-0, 0.5, 1.5, Number.NaN, 2 ** 53),
  )
  const plain = values(numbers).map(asOurs)
  fc.assert(
    fc.property(plain, value => {
      assert.deepStrictEqual(asOurs(decoder.decode(Buffer.from(encodeValue(value)))), value)
    }),
    { numRuns: 1000 },
  )
})

test('cbor-x reads our bigints, Maps and dates of whole seconds', () => {
  const value = [
    2n ** 64n,
    -(2n ** 70n),
    new Date(1_760_000_000_000),
    new Map<unknown, unknown>([
      [1, 'a'],
      [[2], { b: 1 }],
    ]),
  ]
  assert.deepStrictEqual(decoder.decode(Buffer.from(encodeValue(value))), value)
})

test('we read what cbor-x writes, where it is in its shortest form', () => {
  // cbor-x writes integers beyond 32 bits, and every float (NaN too), in eight bytes.
  const numbers = fc.oneof(
    fc.integer(),
    fc.double().filter(number => !Number.isNaN(number) && Math.fround(number) !== number && !Number.isSafeInteger(number)),
  )
  fc.assert(
    fc.property(values(numbers), value => {
      const bytes = encoder.encode(value)
      assert.deepStrictEqual(decodeValue(bytes), asOurs(value))
      assert.deepStrictEqual(Buffer.from(encodeValue(asOurs(value))), Buffer.from(bytes))
    }),
    { numRuns: 1000 },
  )
})

/** What differs by choice: a byte string is a Buffer there, and an integer of eight bytes a bigint. */
function asOurs(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(asOurs)
  if (value instanceof Set) return new Set([...value].map(asOurs))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return objectOf(
    {},
    Object.entries(value).map(([name, item]) => [name, asOurs(item)] as const),
  )
}
