import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { type EncodedParts, encodeParts } from '../../src/format/encode-parts.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { anyValue } from './any-value.ts'

test('the parts of any value are, one after another, its encoding', () => {
  fc.assert(
    fc.property(anyValue, value => {
      const parts = encodeParts(value, { outline: true })
      assert.deepEqual(joined(parts), Buffer.from(encodeValue(value)))
      parts.release()
    }),
    { numRuns: 300 },
  )
})

test('large values over many segments, with long texts, are the same bytes in parts', () => {
  const value = {
    long: 'ü'.repeat(700_000),
    rows: Array.from({ length: 30_000 }, (_, id) => ({ id, name: `row ${id}`, at: new Date(id) })),
  }
  const parts = encodeParts(value)
  assert.ok(parts.length > 1_900_000)
  assert.deepEqual(joined(parts), Buffer.from(encodeValue(value)))
  for (const { bytes } of parts.parts.flatMap(part => part.pieces.map(bytes => ({ bytes })))) {
    assert.ok(bytes.buffer instanceof SharedArrayBuffer)
  }
  parts.release()
})

test('a binary leaf of 64 KiB is a part of its own, a view on the live memory; a shorter one is not', () => {
  const floats = new Float64Array(8192).fill(1.5)
  const buffer = Buffer.alloc(70_000, 1)
  const memory = new ArrayBuffer(65_536)
  const short = new Uint8Array(65_535)
  const value = [floats, short, buffer, memory, new DataView(memory)]
  const parts = encodeParts(value)
  const blobs = parts.parts.filter(part => part.kind === 'blob')
  assert.deepEqual(
    parts.parts.map(part => part.kind),
    ['value', 'blob', 'value', 'blob', 'value', 'blob', 'value', 'blob'],
  )
  assert.deepEqual(
    blobs.map(part => part.pieces.map(piece => piece.buffer)),
    [[floats.buffer], [buffer.buffer], [memory], [memory]],
  )
  assert.deepEqual(joined(parts), Buffer.from(encodeValue(value)))
  parts.release()
})

test('bytes that the encoder made itself are no leaf, however long: a bigint, a text with lone surrogates', () => {
  const value = [1n << 800_000n, `\ud800${'x'.repeat(200_000)}`]
  const parts = encodeParts(value)
  assert.deepEqual(
    parts.parts.map(part => part.kind),
    ['value'],
  )
  assert.deepEqual(joined(parts), Buffer.from(encodeValue(value)))
  parts.release()
})

test('with references everything is one value part, the same bytes as in one piece', () => {
  const shared = { data: new Uint8Array(100_000) }
  const value = { a: shared, b: [shared] }
  const parts = encodeParts(value, { references: true, outline: true })
  assert.equal(parts.parts.length, 1)
  assert.equal(parts.outline, undefined)
  assert.deepEqual(joined(parts), Buffer.from(encodeValue(value, { references: true })))
  parts.release()
  parts.release()
})

test('memory given back is used again, and only once', () => {
  const value = Array.from({ length: 20_000 }, (_, id) => `text ${id}`)
  const expected = Buffer.from(encodeValue(value))
  encodeParts(value).release()
  const first = encodeParts(value)
  first.release()
  first.release()
  const [a, b] = [encodeParts(value), encodeParts([value])]
  assert.deepEqual(joined(a), expected)
  assert.deepEqual(joined(b), Buffer.from(encodeValue([value])))
  a.release()
  b.release()
})

test('a value that is refused names the same path as when it is encoded whole', () => {
  const value = { a: [{ b: () => 1 }] }
  assert.throws(() => encodeParts(value, { outline: true }), /a\[0\]\.b/)
})

/** The bytes, checked to lie one after another as the parts say. */
function joined(encoded: EncodedParts): Buffer {
  let offset = 0
  for (const part of encoded.parts) {
    assert.equal(part.offset, offset)
    assert.equal(
      part.pieces.reduce((bytes, piece) => bytes + piece.length, 0),
      part.length,
    )
    assert.ok(part.pieces.every(piece => piece.length > 0))
    offset += part.length
  }
  assert.equal(encoded.length, offset)
  return Buffer.concat(encoded.parts.flatMap(part => part.pieces))
}
