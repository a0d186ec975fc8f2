import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeParts } from '../../src/format/encode-parts.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { decodeOutline, type Extent, encodeOutline, type Outline } from '../../src/format/outline.ts'
import { WaymarkError } from '../../src/model/errors.ts'

const rows = Array.from({ length: 30_000 }, (_, id) => ({ id, name: `row ${id}`, tags: ['a', id % 9] }))

test('an outline lists the keys of the value with the bytes of their entries', () => {
  const { outline, length } = outlined({ rows, größe: 1, metrics: { loss: 1 } })
  assert.deepEqual(
    outline?.keys?.map(({ key }) => key),
    ['rows', 'größe', 'metrics'],
  )
  const entry = (key: string, value: unknown) => encodeValue(key).length + encodeValue(value).length
  assert.deepEqual(
    outline?.keys?.map(({ length: bytes }) => bytes),
    [entry('rows', rows), entry('größe', 1), entry('metrics', { loss: 1 })],
  )
  assert.equal(1 + (outline?.keys ?? []).reduce((bytes, { length: entryBytes }) => bytes + entryBytes, 0), length)
})

test('an outline is at most a kilobyte or 0.5 % of the value, and at most 64 KiB, whatever its shape', () => {
  const shapes: readonly unknown[] = [
    { rows },
    rows,
    Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`a rather long name of a key ${index}`, 'x'.repeat(100)])),
    Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`key ${index}`, rows.slice(0, 200)])),
    Array.from({ length: 300 }, () => [rows.slice(0, 400), { inner: rows.slice(0, 300) }]),
  ]
  for (const [index, shape] of shapes.entries()) {
    const { outline, length } = outlined(shape)
    assert.ok(outline !== undefined)
    const bytes = encodeOutline(outline).length
    assert.ok(bytes <= Math.min(65_536, Math.max(1_024, length / 200)), `${bytes} of ${length} for shape ${index}`)
    // Of 3,000 equal parts none is a thousandth; of 1,000 long keys not all fit.
    if (index !== 2 && index !== 3) assert.ok(outline.root.marks.length > 0 || outline.root.extents.length > 0)
  }
})

test('a small edit changes few bytes of the outline', () => {
  const before = outlined({ rows, more: rows }).encoded
  const after = outlined({ rows: rows.with(10_000, { id: 1, name: 'another, longer name', tags: [] }), more: rows }).encoded
  let prefix = 0
  while (before[prefix] === after[prefix]) prefix++
  let suffix = 0
  while (before.at(-1 - suffix) === after.at(-1 - suffix)) suffix++
  assert.ok(suffix > before.length / 2, `${prefix} and ${suffix} of ${before.length} are the same`)
})

test('values that are short, or large only as one text, have no outline', () => {
  assert.equal(outlined({ a: [1, 2, 3] }).outline, undefined)
  assert.equal(outlined('x'.repeat(100_000)).outline, undefined)
})

test('bytes that are no outline are corrupt, and what is read fits the value [X7]', () => {
  const { encoded, length } = outlined({ rows, more: { rows } })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(encoded.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), edits => {
      const changed = Buffer.from(encoded)
      for (const [place, byte] of edits) changed[place] = byte
      assertSound(changed, length)
    }),
    { numRuns: 3_000 },
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), bytes => assertSound(bytes, 1_000)))
  for (let end = 0; end < encoded.length; end++)
    assert.throws(() => decodeOutline(encoded.subarray(0, end), length), { code: 'corrupt' })
  assert.throws(() => decodeOutline(encoded, length + 1), { code: 'corrupt' })
})

function assertSound(bytes: Uint8Array, length: number): void {
  let outline: Outline
  try {
    outline = decodeOutline(bytes, length)
  } catch (error) {
    assert.ok(error instanceof WaymarkError && error.code === 'corrupt', String(error))
    return
  }
  assertWithin(outline.root)
  assert.ok((outline.keys ?? []).reduce((total, key) => total + key.length, 0) <= length)
}

function assertWithin({ length, marks, extents }: Extent): void {
  assert.ok(marks.every((number, place) => number < length && number > (marks[place - 2] ?? 0)))
  let end = 0
  for (const extent of extents) {
    assert.ok(extent.at >= end && extent.length > 0)
    end = extent.at + extent.length
    assert.ok(end <= length)
    assertWithin(extent)
  }
}

function outlined(value: unknown) {
  const parts = encodeParts(value, { outline: true })
  const { outline, length } = parts
  parts.release()
  return { outline, length, encoded: outline === undefined ? Buffer.alloc(0) : Buffer.from(encodeOutline(outline)) }
}
