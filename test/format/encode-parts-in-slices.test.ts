import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { CodecRegistry, codec } from '../../src/format/codec.ts'
import { type EncodedParts, encodeParts } from '../../src/format/encode-parts.ts'
import { encodePartsInSlices, type SliceOptions } from '../../src/format/encode-parts-in-slices.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { OutlineNotes } from '../../src/format/outline-notes.ts'
import { SteppedEncoder } from '../../src/format/stepped-encoder.ts'
import { anyValue } from './any-value.ts'

test('any value is encoded to the same bytes in the smallest of steps', () => {
  fc.assert(
    fc.property(anyValue, fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 40 }), (value, bytes, objects) => {
      const stepped = new SteppedEncoder(CodecRegistry.none, new OutlineNotes(), { bytes, objects })
      stepped.begin(value)
      while (stepped.advance(1));
      assert.deepEqual(Buffer.from(stepped.encoder.copy()), Buffer.from(encodeValue(value)))
      stepped.encoder.release()
    }),
    { numRuns: 1_000 },
  )
})

test('a large value is encoded to the same bytes in slices, with pauses in between', async () => {
  const value = largeValue()
  const { slices, pauses } = countedSlices()
  const inSlices = await encodePartsInSlices(value, {}, slices)
  assert.deepEqual(joined(inSlices), Buffer.from(encodeValue(value)))
  assert.ok(pauses() > 20, `${pauses()} pauses`)
  inSlices.release()
})

test('the outline of slices is that of the whole', async () => {
  const value = { ...largeValue(), small: { metrics: { loss: 1 } } }
  const whole = encodeParts(value, { outline: true })
  const inSlices = await encodePartsInSlices(value, { outline: true }, countedSlices().slices)
  assert.deepEqual(inSlices.outline?.keys, whole.outline?.keys)
  assert.deepEqual(
    inSlices.outline?.root.extents.map(({ key, at, length }) => [key, at, length]),
    whole.outline?.root.extents.map(({ key, at, length }) => [key, at, length]),
  )
  whole.release()
  inSlices.release()
})

test('others have their turn between parts of every shape', async () => {
  const shapes: readonly unknown[] = [
    Array.from({ length: 300_000 }, (_, index) => index),
    Array.from({ length: 60_000 }, () => ({})),
    Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`key ${index}`, index])),
    new Map(Array.from({ length: 60_000 }, (_, index) => [index, `value ${index}`])),
    new Set(Array.from({ length: 60_000 }, (_, index) => `value ${index}`)),
    nested(16),
  ]
  for (const [index, shape] of shapes.entries()) {
    const { slices, pauses } = countedSlices()
    const parts = await encodePartsInSlices(shape, {}, slices)
    assert.ok(pauses() >= 10, `${pauses()} pauses in shape ${index}`)
    parts.release()
  }
})

test('a value that is refused, a cycle included, names the same path in slices', async () => {
  const rows = Array.from({ length: 10_000 }, (_, id): Record<string, unknown> => ({ id, name: `name ${id}` }))
  rows[9_000] = { id: 1, bad: () => 1 }
  await assert.rejects(encodePartsInSlices({ state: { rows } }, {}, countedSlices().slices), /state\.rows\[9000\]\.bad/)
  rows[9_000] = { up: rows }
  await assert.rejects(
    encodePartsInSlices({ state: { rows } }, {}, countedSlices().slices),
    /state\.rows\[9000\]\.up: it is state\.rows again/,
  )
})

test('an instance with much inside is stored by its codec as in one piece', async () => {
  class Table {
    readonly rows: readonly unknown[]
    constructor(rows: readonly unknown[]) {
      this.rows = rows
    }
  }
  const codecs = [codec(Table, { tag: 'table', encode: ({ rows }) => rows, decode: rows => new Table(rows) })]
  const value = [new Table(largeValue().rows), new Table([]), 3]
  const parts = await encodePartsInSlices(value, { codecs }, countedSlices().slices)
  assert.deepEqual(joined(parts), Buffer.from(encodeValue(value, { codecs })))
  parts.release()
})

/** Every look at the clock ends a slice. */
function countedSlices(): { readonly slices: SliceOptions; pauses(): number } {
  let now = 0
  let pauses = 0
  const clock = { monotonicMs: () => (now += 5) }
  const pause = async () => {
    pauses++
  }
  return { slices: { sliceMs: 4, pause, clock }, pauses: () => pauses }
}

function largeValue() {
  const rows = Array.from({ length: 20_000 }, (_, id) => ({
    id,
    name: `row ${id}`,
    at: new Date(id * 7_777),
    tags: ['a', 'b', id],
  }))
  return {
    rows,
    byName: new Map(rows.map(row => [row.name, row.id])),
    seen: new Set(rows.map(row => row.name)),
    text: 'x'.repeat(100_000),
    floats: new Float64Array(20_000),
    matrix: Array.from({ length: 50 }, () => Array.from({ length: 500 }, (_, index) => index / 3)),
    dictionary: Object.fromEntries(rows.map(row => [row.name, row.tags])),
    bare: Object.assign(Object.create(null), { rows: rows.slice(0, 2_000) }),
  }
}

function nested(levels: number): unknown {
  return levels === 0 ? { leaf: 'some text' } : { left: nested(levels - 1), right: nested(levels - 1) }
}

function joined(parts: EncodedParts): Buffer {
  return Buffer.concat(parts.parts.flatMap(part => part.pieces))
}
