import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBeside } from '../../src/format/decode-beside.ts'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'

const rows = (
  count: number,
  of: (n: number) => unknown = n => ({ n, text: `row ${n}`, at: new Date(n), list: [n, -0, null] }),
): unknown[] => Array.from({ length: count }, (_, n) => of(n))

function beside(after: unknown, before: unknown): { made: unknown; other: unknown } {
  const bytes = encodeValue(before)
  const other = decodeValue(bytes)
  return { made: decodeBeside(encodeValue(after), { bytes, value: other }), other }
}

test('E9 a value decoded beside another is the value, whatever was changed, added or removed', () => {
  const leaf = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.string(),
    fc.bigInt(),
    fc.date(),
    fc.constant(null),
    fc.constant(undefined),
    fc.uint8Array(),
  )
  const part = fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string(), leaf), fc.constant(new Map([[1, 'x']])))
  const big = fc.record({
    head: part,
    rows: fc.array(fc.record({ id: fc.nat(), part }), { maxLength: 40 }),
    pad: fc.constant('x'.repeat(5_000)),
  })
  fc.assert(
    fc.property(big, big, fc.nat(), fc.nat(), (a, b, from, to) => {
      const [cut, end] = [from % (a.rows.length + 1), to % (b.rows.length + 1)]
      const edited = { ...a, rows: [...a.rows.slice(0, cut), ...b.rows.slice(0, end), ...a.rows.slice(cut)] }
      for (const [after, before] of [
        [b, a],
        [edited, a],
        [a, edited],
        [a.rows, edited.rows],
        [
          [a, b],
          [b, a],
        ],
        [
          [a, b, a],
          [a, a],
        ],
      ] as const) {
        assert.deepEqual(beside(after, before).made, decodeValue(encodeValue(after)))
      }
    }),
    { numRuns: 150 },
  )
})

test('E9 what stands at the same place of both is there once: only what differs takes memory', () => {
  const before = { name: 'a', rows: rows(500) }
  const after = { name: 'b', rows: rows(500) }
  after.rows[250] = { n: 'changed' }
  const { made, other } = beside(after, before) as { made: typeof after; other: typeof before }
  assert.equal(made.rows.filter((row, i) => row === other.rows[i]).length, 499)
  const longer = beside([...rows(300), 'new', ...rows(500).slice(300)], rows(500)) as { made: unknown[]; other: unknown[] }
  assert.equal(longer.made.filter(row => longer.other.includes(row)).length, 500)
})

test('E9 values that share parts, and keys that are no property, are decoded as a whole', () => {
  const shared = { x: 'y'.repeat(5_000) }
  const bytes = encodeValue([shared, shared, 1], { references: true })
  const made = decodeBeside(encodeValue([shared, shared, 2], { references: true }), {
    bytes,
    value: decodeValue(bytes),
  }) as unknown[]
  assert.equal(made[0], made[1])
  const odd = (n: number): unknown =>
    Object.defineProperty({ pad: 'x'.repeat(5_000), n }, '__proto__', {
      value: n,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  assert.deepEqual(beside(odd(2), odd(1)).made, decodeValue(encodeValue(odd(2))))
})
