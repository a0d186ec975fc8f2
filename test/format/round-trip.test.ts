import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { anyValue, without } from './any-value.ts'

function roundTrip(value: unknown): unknown {
  return decodeValue(encodeValue(value))
}

test('any value comes back as it was, and has one encoding (E1) [pitfall 15]', () => {
  fc.assert(
    fc.property(anyValue, value => {
      const bytes = encodeValue(value)
      const read = decodeValue(bytes)
      assert.deepStrictEqual(read, value)
      // Also proves the order of keys, Map entries and Set elements, which deepStrictEqual does not look at.
      assert.deepStrictEqual(encodeValue(read), bytes)
    }),
    { numRuns: 2000 },
  )
})

test('what JSON and structured clone lose comes back [pitfall 15]', () => {
  const value = {
    negativeZero: -0,
    notANumber: Number.NaN,
    beyondInteger: [2 ** 53, -(2 ** 53), 1.7976931348623157e308],
    bigints: [0n, 1n, -1n, 2n ** 70n],
    undefinedValue: undefined,
    holes: without([0, 1, 0, undefined, 0], 0, 2, 4),
    nullByte: 'a\0b',
    loneSurrogates: ['\ud800', '\udfff x', '\udc00\ud800', '\ud83d\ude00\ud83d'],
    dates: [new Date(0), new Date(-1), new Date(8.64e15), new Date(-8.64e15), new Date(1_760_000_000_123)],
    maps: new Map<unknown, unknown>([
      [{ key: 1 }, 'object'],
      [{ key: 1 }, 'equal object'],
      [Number.NaN, 1],
    ]),
    empty: [{}, [], new Map(), new Set(), '', new Uint8Array(), Object.create(null)],
  }
  const read = roundTrip(value)
  assert.deepStrictEqual(read, value)
  assert.deepStrictEqual(encodeValue(read), encodeValue(value))
  const invalidDate = roundTrip(new Date(Number.NaN))
  assert.ok(invalidDate instanceof Date && Number.isNaN(invalidDate.getTime()))
})

test('a property __proto__ comes back as a property and sets no prototype [pitfall 14]', () => {
  const value: unknown = JSON.parse('{ "__proto__": { "isAdmin": true }, "constructor": { "prototype": 1 }, "toString": 2 }')
  const read = roundTrip(value)
  assert.deepStrictEqual(read, value)
  assert.equal(Object.getPrototypeOf(read), Object.prototype)
  assert.equal(Reflect.get(Object.prototype, 'isAdmin'), undefined)
})

test('keys that look like those of Object.prototype survive a frozen Object.prototype', () => {
  const script = `
    Object.freeze(Object.prototype)
    const [{ encodeValue }, { decodeValue }] = await Promise.all(${JSON.stringify(
      ['encode-value.ts', 'decode-value.ts'].map(file => new URL(`../../src/format/${file}`, import.meta.url).href),
    )}.map(url => import(url)))
    const value = JSON.parse('{"toString":1,"valueOf":{"constructor":2}}')
    console.log(JSON.stringify(decodeValue(encodeValue(value))))
  `
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  assert.equal(stdout.trim(), '{"toString":1,"valueOf":{"constructor":2}}', stderr)
})

test('enumerable properties added to Object.prototype are neither stored nor taken for damage', () => {
  Object.defineProperty(Object.prototype, 'polluted', { value: 1, enumerable: true, configurable: true })
  try {
    const value = { own: 1, list: Array.from({ length: 3 }, (_, index) => ({ index })), map: new Map([[1, {}]]) }
    const bytes = encodeValue(value)
    assert.equal(Buffer.from(bytes).includes('polluted'), false)
    assert.deepStrictEqual(encodeValue(decodeValue(bytes)), bytes)
  } finally {
    Reflect.deleteProperty(Object.prototype, 'polluted')
  }
})

test('bytes come back as the kind of bytes they were, in memory of their own', () => {
  const memory = new Uint8Array([9, 1, 2, 3, 4, 9]).buffer
  const value = [
    new Uint8Array(memory, 1, 4),
    Buffer.from(memory, 1, 4),
    memory,
    new DataView(memory, 1, 4),
    new Int8Array(memory, 1, 4),
    new Uint16Array(memory, 2, 2),
  ]
  const bytes = encodeValue(value)
  const read = decodeValue(bytes)
  assert.deepStrictEqual(read, value)
  assert.ok(Array.isArray(read))
  bytes.fill(0)
  assert.deepStrictEqual(read, value)
  for (const view of read) assert.ok(!ArrayBuffer.isView(view) || view.byteLength === view.buffer.byteLength)
})

test('a Float16Array comes back where the engine has it, and is unsupported where not', () => {
  const bytes = Buffer.from('d8544400003c00', 'hex')
  const Float16Array: unknown = Reflect.get(globalThis, 'Float16Array')
  if (Float16Array === undefined) {
    assert.throws(() => decodeValue(bytes), { code: 'unsupported' })
  } else {
    const read = decodeValue(bytes)
    assert.ok(typeof Float16Array === 'function' && read instanceof Float16Array)
    assert.deepStrictEqual(Buffer.from(encodeValue(read)), bytes)
  }
})

test('large byte strings and texts, in any order, come back whole', () => {
  const value = [
    'x'.repeat(600_000),
    new Uint8Array(200_000).fill(7),
    'é'.repeat(70_000),
    new Float64Array(50_000).fill(0.1),
    ...Array.from({ length: 20_000 }, (_, index) => `line ${index}`),
    new Uint8Array(65_535).fill(1),
    new Uint8Array(65_536).fill(2),
  ]
  assert.deepStrictEqual(roundTrip(value), value)
})

test('a sliced or resized view stores what it shows', () => {
  const subarray = new Float64Array([1, 2, 3, 4]).subarray(1, 3)
  assert.deepStrictEqual(roundTrip(subarray), new Float64Array([2, 3]))
})

test('values of another realm come back as ours', () => {
  const value = runInNewContext(
    `({ list: [1, { a: 1 }], map: new Map([[1, 2]]), set: new Set([1]), date: new Date(5), regExp: /a/g,
       bytes: new Uint16Array([1, 2]), error: new TypeError('wrong') })`,
  )
  const read = roundTrip(value)
  assert.deepStrictEqual(read, {
    list: [1, { a: 1 }],
    map: new Map([[1, 2]]),
    set: new Set([1]),
    date: new Date(5),
    regExp: /a/g,
    bytes: new Uint16Array([1, 2]),
    error: Object.assign(new TypeError('wrong'), {}),
  })
})

test('what the caller is given is not written to again', () => {
  const first = encodeValue({ a: 'first', list: [1, 2, 3] })
  const copy = first.slice()
  encodeValue({ b: 'second value, longer than the first', list: Array.from({ length: 1000 }, (_, index) => index) })
  assert.deepStrictEqual(first, copy)
})

test('objects with more kinds of keys than are kept come back whole', () => {
  const value = Array.from({ length: 9000 }, (_, index) => ({
    [`key${index}`]: index,
    [`other ${index} ${'x'.repeat(index % 80)}`]: null,
  }))
  assert.deepStrictEqual(roundTrip(value), value)
  assert.deepStrictEqual(roundTrip(value), value)
})

test('objects of alternating shapes come back whole', () => {
  const value = Array.from({ length: 500 }, (_, index) => {
    if (index % 3 === 0) return { id: index, name: 'a', tags: [] }
    return index % 3 === 1 ? { id: index, tags: [], name: 'b', extra: { id: 1 } } : { other: 1, id: index }
  })
  assert.deepStrictEqual(roundTrip(value), value)
})

test('a dictionary with many keys comes back whole, its index keys first as JavaScript lists them', () => {
  const value = Object.fromEntries(
    Array.from({ length: 1000 }, (_, index) => [index % 2 === 0 ? `k${index}` : `${index}`, index]),
  )
  const bytes = encodeValue(value)
  assert.deepStrictEqual(decodeValue(bytes), value)
  assert.deepStrictEqual(encodeValue(decodeValue(bytes)), bytes)
})

test('keys and short texts that differ in one byte or in trailing zeros are told apart', () => {
  const similar = Array.from({ length: 12 }, (_, at) => `${'a'.repeat(at)}b${'a'.repeat(11 - at)}`).flatMap(text => [
    text,
    text.slice(1),
  ])
  const padded = Array.from({ length: 2000 }, (_, index) => (46_656 + index).toString(36)).flatMap(text =>
    Array.from({ length: 9 }, (_, zeros) => text + '\0'.repeat(zeros)),
  )
  assert.deepStrictEqual(roundTrip([...similar, ...padded]), [...similar, ...padded])
  // One key an object, so that each is guessed from the one before.
  const objects = [...similar, 'ab\0', 'abc', 'ab\0', ...padded.slice(0, 900)].map(key => ({ [key]: 1 }))
  assert.deepStrictEqual(roundTrip(objects), objects)
  assert.deepStrictEqual(roundTrip(objects.toReversed()), objects.toReversed())
})
