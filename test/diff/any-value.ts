import fc from 'fast-check'

const key = fc.constantFrom('a', 'b', 'id', 'odd key', '__proto__', '7')
const number = fc.constantFrom(0, -0, 1, 2, 3, Number.NaN, Number.POSITIVE_INFINITY, 0.1, 2 ** 40)
const leaf = fc.oneof(
  { weight: 6, arbitrary: number },
  { weight: 4, arbitrary: fc.constantFrom('', 'a', 'b', 'long text '.repeat(30)) },
  fc.constantFrom(null, undefined, true, false, 5n, -5n),
  fc.constantFrom(0, 1, Number.NaN).map(time => new Date(time)),
  fc.constantFrom(/a/g, /a/i),
  fc.uint8Array({ maxLength: 3 }),
  fc.constantFrom(0, -0, Number.NaN).map(one => new Float64Array([one])),
)

/** Nested values of few keys and few leaves, so that two of them have much in common. */
export const { value: anyValue } = fc.letrec<{ value: unknown; node: unknown }>(tie => ({
  value: fc.oneof({ maxDepth: 4, depthSize: 'small', withCrossShrink: true }, leaf, tie('node')),
  node: fc.oneof(
    fc.array(tie('value'), { maxLength: 6 }),
    fc.uniqueArray(fc.record({ id: fc.integer({ min: 0, max: 6 }), a: tie('value') }), {
      selector: ({ id }) => id,
      maxLength: 6,
    }),
    fc.array(number, { maxLength: 12 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: false }),
    fc
      .array(fc.tuple(fc.oneof(leaf, fc.constantFrom('a', 'b')), tie('value')), { maxLength: 4 })
      .map(entries => new Map(entries)),
    fc.array(fc.oneof(leaf, fc.array(leaf, { maxLength: 2 })), { maxLength: 4 }).map(members => new Set(members)),
  ),
}))
