import { type Codec, codec } from '../../src/format/codec.ts'
import { objectOf, without } from './any-value.ts'

class Money {
  readonly cents: number
  readonly currency: string
  constructor(cents: number, currency: string) {
    this.cents = cents
    this.currency = currency
  }
}

export const goldenCodecs: readonly Codec[] = [
  codec(Money, {
    tag: 'money',
    encode: money => [money.cents, money.currency],
    decode: ([cents, currency]) => new Money(cents, currency),
  }),
]

/** One value of every kind and width, by name. The bytes of each are in `golden/`. */
export const goldenValues: Readonly<Record<string, unknown>> = {
  null: null,
  undefined: undefined,
  true: true,
  false: false,
  'integer, one byte': [0, 23, -1, -24],
  'integer, two bytes': [24, 255, -25, -256],
  'integer, three bytes': [256, 65535, -257, -65536],
  'integer, five bytes': [65536, 4294967295, -65537, -4294967296],
  'integer, nine bytes': [4294967296, Number.MAX_SAFE_INTEGER, -4294967297, Number.MIN_SAFE_INTEGER],
  'float, half': [-0, 0.5, -1.5, 2 ** -24, 1023.5, Infinity, -Infinity, Number.NaN],
  'float, single': [2 ** -25, 1.100000023841858, 2 ** 53, 3.4028234663852886e38],
  'float, double': [0.1, -1.1, 5e-324, 1.7976931348623157e308],
  'text, ASCII': ['', 'a', 'abcdefghijklm', 'abcdefghijklmn', 'x'.repeat(23), 'x'.repeat(24), 'nul \0 \n "quoted"'],
  'text, long': ['y'.repeat(255), 'z'.repeat(256)],
  'text, beyond ASCII': ['é', '水', '\u{1f600}', 'größe', 'é'.repeat(12), '\ufffd'],
  'text, lone surrogates': ['\ud800', 'a\udfffb', '\udc00\ud800', '\u{1f600}\ud83d'],
  'bigint, positive': [0n, 1n, 255n, 256n, 2n ** 64n - 1n, 2n ** 64n],
  'bigint, negative': [-1n, -256n, -257n, -(2n ** 64n), -(2n ** 64n) - 1n],
  'bytes, Uint8Array': [new Uint8Array(), new Uint8Array([0, 255])],
  'bytes, Buffer': Buffer.from('waymark'),
  'bytes, ArrayBuffer': new Uint8Array([1, 2, 3]).buffer,
  'bytes, DataView': new DataView(new Uint8Array([1, 2, 3]).buffer, 1),
  'typed array, Uint8Clamped': new Uint8ClampedArray([0, 255]),
  'typed array, Int8': new Int8Array([-1, 127]),
  'typed array, Uint16': new Uint16Array([1, 65535]),
  'typed array, Int16': new Int16Array([1, -2]),
  'typed array, Uint32': new Uint32Array([1, 4294967295]),
  'typed array, Int32': new Int32Array([1, -2]),
  'typed array, BigUint64': new BigUint64Array([1n, 2n ** 64n - 1n]),
  'typed array, BigInt64': new BigInt64Array([1n, -2n]),
  'typed array, Float32': new Float32Array([1.5, -0]),
  'typed array, Float64': new Float64Array([0.1, Number.NaN]),
  'array, empty and nested': [[], [[]], [1, [2, [3]]]],
  'array, 24 elements': Array.from({ length: 24 }, (_, index) => index),
  'array, absent elements': without([0, undefined, 0, 1, 0], 0, 2, 4),
  'object, empty and nested': [{}, { a: {} }, { b: [1], a: 'order is kept' }],
  'object, keys': objectOf({}, [
    ['0', 'index first'],
    ['10', 'then the next'],
    ['', 'empty'],
    ['__proto__', 'a property like any other'],
    ['größe', 'beyond ASCII'],
    ['01', 'no index'],
    ['\ud800', 'lone surrogate'],
    ['a rather long key, with more than twenty-three bytes', 'two-byte head'],
  ]),
  'object, 24 keys': Object.fromEntries(Array.from({ length: 24 }, (_, index) => [`key${index}`, index])),
  'object, null prototype': objectOf(Object.create(null), [['a', 1]]),
  'date, whole seconds': [new Date(0), new Date(1_760_000_000_000), new Date(-1000), new Date(8.64e15), new Date(-8.64e15)],
  'date, milliseconds': [
    new Date(1),
    new Date(-1),
    new Date(1_760_000_000_023),
    new Date(1_760_000_000_255),
    new Date(1_760_000_000_999),
  ],
  'date, before 1901 and after 2106': [new Date(-3_000_000_000_500), new Date(5_000_000_000_500)],
  'date, invalid': new Date(Number.NaN),
  map: new Map<unknown, unknown>([
    ['text', 1],
    [2, 'number'],
    [[3], { any: 'key' }],
    [undefined, null],
  ]),
  'map, empty': new Map(),
  set: new Set<unknown>(['a', 1, [1], null]),
  'set, empty': new Set(),
  regexp: [/a\/b+/giu, /(?:)/],
  url: [new URL('https://example.com/a?b=c#d'), new URL('file:///tmp/x%20y')],
  error: errorWith(new Error('failed'), 'Error: failed\n    at somewhere'),
  'error, class and cause': errorWith(new TypeError('wrong', { cause: { row: 7 } }), 'TypeError: wrong'),
  'error, name and properties': errorWith(
    Object.assign(new Error('gone'), { name: 'HttpError', status: 410 }),
    'HttpError: gone',
  ),
  'error, aggregate': errorWith(new AggregateError([1, 'two'], 'several'), 'AggregateError: several'),
  'registered class': new Money(1999, 'EUR'),
  nested: {
    run: 'nightly',
    stages: [{ name: 'extract', finishedAt: new Date(1_760_000_000_123), counts: new Map([['done', 12]]), seen: new Set([7n]) }],
    cursor: undefined,
  },
}

/** Values encoded with `references: true`. */
export const goldenShared: Readonly<Record<string, unknown>> = {
  'shared, object twice': twice({ a: 1 }),
  'shared, date twice': twice(new Date(1000)),
  'shared, cycle of object': selfContaining(),
  'shared, cycle of map': mapOfItself(),
}

function errorWith(error: Error, stack: string): Error {
  error.stack = stack
  return error
}

function twice(value: object): unknown[] {
  return [value, 'between', value, { again: value }]
}

function selfContaining(): object {
  const list: unknown[] = []
  const object = { list }
  list.push(object, list)
  return object
}

function mapOfItself(): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  return map.set('self', map)
}
