import { Buffer } from 'node:buffer'
import fc from 'fast-check'

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' })).filter(one => one.isWellFormed())
const simple: readonly fc.Arbitrary<unknown>[] = [
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.oneof(fc.double(), fc.maxSafeInteger(), fc.constant(-0)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: -(10n ** 70n), max: 10n ** 70n }),
  text,
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
  fc.uint8Array().map(bytes => Buffer.from(bytes)),
]
const absent = fc.constantFrom(null, undefined)
const key = fc.oneof(fc.constantFrom('a', 'b', '__proto__', '7', 'ä', ''), text)

function objectsOf(columns: readonly (readonly [string, fc.Arbitrary<unknown>])[]): fc.Arbitrary<object> {
  const cells = columns.map(([name, value]) =>
    fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: absent }).map(one => [name, one] as const),
  )
  return fc
    .tuple(
      fc.tuple(...cells),
      fc.boolean().chain(all => (all ? fc.constant(columns.length) : fc.nat(columns.length))),
      fc.boolean(),
    )
    .map(([entries, count, turned]) => {
      const chosen = entries.slice(0, count)
      return ownEntries(turned ? chosen.toReversed() : chosen)
    })
}

/** `Object.fromEntries`, also for `__proto__`. */
const ownEntries = (entries: readonly (readonly [string, unknown])[]): object => Object.fromEntries(entries)

const column: fc.Arbitrary<fc.Arbitrary<unknown>> = fc.letrec<{ column: fc.Arbitrary<unknown> }>(tie => ({
  column: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...simple),
    tie('column').map(item =>
      fc.array(fc.oneof({ weight: 6, arbitrary: item }, { weight: 1, arbitrary: absent }), { maxLength: 4 }),
    ),
    fc.array(fc.tuple(key, tie('column')), { maxLength: 3 }).map(columns => objectsOf(distinct(columns))),
  ),
})).column

const distinct = <Value>(pairs: readonly (readonly [string, Value])[]): [string, Value][] => [...new Map(pairs)]

/** Rows of any columns: values of one kind in each, null, undefined and missing among them, in any order of keys. */
export const anyRows: fc.Arbitrary<object[]> = fc
  .array(fc.tuple(key, column), { maxLength: 5 })
  .chain(columns => fc.array(objectsOf(distinct(columns)), { maxLength: 20 }))
