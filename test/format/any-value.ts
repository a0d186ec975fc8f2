import fc from 'fast-check'

/** Numbers with the corners of every width CBOR has for them. */
const anyNumber = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.float(),
  fc.constantFrom(0, -0, 23, 24, -24, -25, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, -(2 ** 32) - 1, 2 ** 53, -(2 ** 53)),
  fc.constantFrom(0.5, 65504, 65505, 2 ** -24, 2 ** -25, 1.5e-5, 3.4e38, 5e-324, Number.NaN, Infinity, -Infinity),
)

/** Strings around the lengths at which heads and ways of copying change, in ASCII and not, with lone surrogates now and then. */
const anyString = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map(units => String.fromCharCode(...units)),
  fc
    .tuple(fc.constantFrom('a', 'é', '水', '\u{1f600}'), fc.integer({ min: 0, max: 300 }))
    .map(([unit, count]) => unit.repeat(count)),
)

const anyKey = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('id', 'name', 'at', 'tags', 'parent', 'a rather long name of a property', 'größe') },
  { weight: 2, arbitrary: anyString },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '0', '7', '10', '4294967294', '4294967295') },
)

const anyBytes = fc.uint8Array({ maxLength: 40 })
const anyBytesOf = (size: number) =>
  fc.uint8Array({ maxLength: 5 }).map(bytes => new Uint8Array(bytes.length * size).map((_, i) => bytes[i % 5] ?? i).buffer)
const anyDate = fc.date({ noInvalidDate: true })

const scalar = fc.oneof(
  { weight: 6, arbitrary: anyNumber },
  { weight: 6, arbitrary: anyString },
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.oneof(fc.bigInt(), fc.constantFrom(0n, -1n, 255n, 256n, -256n, 2n ** 64n, -(2n ** 64n) - 1n)),
  anyDate,
  fc.integer({ min: -1000, max: 1000 }).map(seconds => new Date(seconds * 1000)),
  fc.constantFrom(/a\/b/giu, /(?:)/, /[水]\d+/su, /\uD83D/),
  fc.webUrl({ withFragments: true, withQueryParameters: true }).map(text => new URL(text)),
  anyBytes,
  anyBytes.map(bytes => Buffer.from(bytes)),
  anyBytes.map(bytes => new Uint8Array(bytes).buffer),
  anyBytes.map(bytes => new DataView(new Uint8Array(bytes).buffer)),
  anyBytes.map(bytes => new Uint8ClampedArray(bytes)),
  anyBytes.map(bytes => new Int8Array(bytes)),
  anyBytesOf(2).map(memory => new Int16Array(memory)),
  anyBytesOf(2).map(memory => new Uint16Array(memory)),
  anyBytesOf(4).map(memory => new Int32Array(memory)),
  anyBytesOf(4).map(memory => new Uint32Array(memory)),
  fc.float32Array({ maxLength: 5 }),
  fc.float64Array({ maxLength: 5 }),
  anyBytesOf(8).map(memory => new BigInt64Array(memory)),
  anyBytesOf(8).map(memory => new BigUint64Array(memory)),
)

/** Any value that can be stored without codecs or references, nested. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>(tie => {
  const value = tie('value')
  const entries = fc.uniqueArray(fc.tuple(anyKey, value), { maxLength: 6, selector: ([key]) => key })
  return {
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      { weight: 6, arbitrary: scalar },
      { weight: 4, arbitrary: entries.map(list => objectOf({}, list)) },
      { weight: 1, arbitrary: entries.map(list => objectOf(Object.create(null), list)) },
      { weight: 3, arbitrary: fc.array(value, { maxLength: 5 }) },
      { weight: 1, arbitrary: fc.tuple(fc.array(value, { maxLength: 3 }), fc.integer({ min: 1, max: 90 })).map(withHoles) },
      { weight: 2, arbitrary: fc.array(fc.tuple(value, value), { maxLength: 4 }).map(list => new Map(list)) },
      { weight: 2, arbitrary: fc.array(value, { maxLength: 4 }).map(list => new Set(list)) },
      {
        weight: 1,
        arbitrary: fc.tuple(anyString, value, entries).map(([message, cause, list]) => errorOf(message, cause, list)),
      },
    ),
  }
}).value

/** Defines instead of assigning, so that `__proto__` is a property like any other. */
export function objectOf<Target extends object>(target: Target, entries: readonly (readonly [string, unknown])[]): Target {
  for (const [key, value] of entries) {
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
  }
  return target
}

/** The array without elements at these indices; its length stays. */
export function without<Element>(array: Element[], ...indices: number[]): Element[] {
  for (const index of indices) Reflect.deleteProperty(array, index)
  return array
}

function withHoles([elements, gap]: [unknown[], number]): unknown[] {
  const array: unknown[] = []
  for (const [index, element] of elements.entries()) array[index * gap + (gap % 3)] = element
  array.length += gap % 2
  return array
}

function errorOf(message: string, cause: unknown, entries: readonly (readonly [string, unknown])[]): Error {
  const classes = [Error, TypeError, RangeError, SyntaxError]
  const Class = classes[message.length % classes.length] ?? Error
  const error = new Class(message, message.length % 2 === 0 ? { cause } : undefined)
  // V8 makes the stack from the name when it is first asked for, and fails if it cannot be made a string.
  const excluded = new Set(['toString', 'constructor', '__proto__'])
  return objectOf(
    error,
    entries.filter(([key, value]) => !excluded.has(key) && (key !== 'name' || typeof value === 'string')),
  )
}
