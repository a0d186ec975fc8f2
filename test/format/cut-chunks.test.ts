import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { blobChunks, ChunkCutter, type ChunkSizes, chunkLength, valueChunks } from '../../src/format/cut-chunks.ts'
import { gearTable } from '../../src/format/gear-table.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

const smallChunks: ChunkSizes = { minBytes: 64, targetBytes: 256, maxBytes: 1024 }

/** The rule as docs/format.md has it, with numbers of any size and nothing clever. */
function plainCuts(bytes: Uint8Array, sizes: ChunkSizes): number[] {
  const gear = Array.from({ length: 256 }, (_, byte) => {
    return createHash('sha256').update(`waymark gear ${byte}`).digest().readUInt32LE(0)
  })
  const bits = Math.log2(sizes.targetBytes)
  const lengths: number[] = []
  let from = 0
  let hash = 0
  for (const [at, byte] of bytes.entries()) {
    hash = (hash * 2 + (gear[byte] ?? 0)) % 2 ** 32
    const length = at + 1 - from
    const zeros = length < sizes.targetBytes ? bits + 2 : bits - 2
    if (length === sizes.maxBytes || (length >= sizes.minBytes && hash < 2 ** (32 - zeros))) {
      lengths.push(length)
      from = at + 1
    }
  }
  if (from < bytes.length) lengths.push(bytes.length - from)
  return lengths
}

function cuts(bytes: Uint8Array, sizes: ChunkSizes): number[] {
  const lengths: number[] = []
  for (let from = 0; from < bytes.length; ) {
    const length = chunkLength(bytes, from, bytes.length, sizes)
    lengths.push(length)
    from += length
  }
  return lengths
}

function cutPieces(pieces: readonly Uint8Array[], sizes: ChunkSizes): Uint8Array[] {
  const chunks: Uint8Array[] = []
  const cutter = new ChunkCutter(sizes, chunk => chunks.push(chunk))
  for (const piece of pieces) cutter.push(piece)
  cutter.finish()
  return chunks
}

/** Bytes of any entropy, from one repeated byte to random ones, so that chunks of every length come up. */
const anyBytes = fc
  .record({
    seed: fc.integer(),
    length: fc.nat(12_000),
    values: fc.constantFrom(1, 2, 3, 16, 256),
    run: fc.constantFrom(1, 7, 300),
  })
  .map(({ seed, length, values, run }) => {
    const random = seededRandom(seed)
    const kinds = random.bytes(values)
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += run) bytes.fill(kinds[random.integer(values)] ?? 0, at, at + run)
    return bytes
  })

test('every entry of the gear table follows from its name', () => {
  const gear = gearTable()
  assert.equal(gear.length, 256)
  for (const byte of [0, 1, 128, 255]) {
    assert.equal(gear[byte], createHash('sha256').update(`waymark gear ${byte}`).digest().readInt32LE(0))
  }
  assert.equal(new Set(gear).size, 256)
  assert.equal(gearTable(), gear)
})

test('cuts are where the plain rule puts them, whatever the bytes', () => {
  fc.assert(
    fc.property(anyBytes, fc.constantFrom(smallChunks, valueChunks), (bytes, sizes) => {
      assert.deepEqual(cuts(bytes, sizes), plainCuts(bytes, sizes))
    }),
    { numRuns: 200 },
  )
})

test('cuts of long random bytes are where the plain rule puts them, for both sizes', () => {
  const bytes = seededRandom(3).bytes(3_000_001)
  for (const sizes of [valueChunks, blobChunks]) assert.deepEqual(cuts(bytes, sizes), plainCuts(bytes, sizes))
})

test('cuts never move between versions: their digests are fixed', () => {
  const bytes = seededRandom(1).bytes(4_000_000)
  const digest = (sizes: ChunkSizes) => createHash('sha256').update(cuts(bytes, sizes).join()).digest('hex')
  assert.equal(digest(valueChunks), '5f557b90b92538eb60c681ea00b817a92c5478b98e8eeaa748846c07a10d9860')
  assert.equal(digest(blobChunks), 'dc593f49a3fb1c592781120ce89d4e9d53bc1b3cb786984c703e5b43e5130bab')
})

test('a cut depends only on bytes of its own chunk, where these lie and on no memory: shared, shifted, inside other bytes', () => {
  const bytes = seededRandom(4).bytes(600_000)
  const expected = cuts(bytes, valueChunks)
  for (const shift of [0, 1, 2, 3, 5]) {
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 100), shift, bytes.length)
    shared.set(bytes)
    assert.deepEqual(cuts(shared, valueChunks), expected)
    const inside = Buffer.alloc(bytes.length + 100, 0xa5)
    inside.set(bytes, shift)
    assert.deepEqual(cuts(inside.subarray(shift, shift + bytes.length), valueChunks), expected)
    const first = chunkLength(inside, shift, inside.length, valueChunks)
    assert.equal(first, expected[0])
  }
  const [first = 0, second = 0] = expected
  assert.deepEqual(cuts(bytes.subarray(first), valueChunks), expected.slice(1))
  assert.equal(chunkLength(bytes, first, bytes.length, valueChunks), second)
})

test('looking less far finds the same cut or none', () => {
  fc.assert(
    fc.property(anyBytes, fc.nat(2000), (bytes, seen) => {
      const end = Math.min(seen, bytes.length)
      const whole = chunkLength(bytes, 0, bytes.length, smallChunks)
      assert.equal(chunkLength(bytes, 0, end, smallChunks), Math.min(whole, end))
    }),
  )
})

test('chunks keep to their bounds and are a little longer than the target on average', () => {
  const bytes = seededRandom(5).bytes(24_000_000)
  for (const sizes of [valueChunks, blobChunks]) {
    const lengths = cuts(bytes, sizes)
    assert.equal(
      lengths.reduce((sum, length) => sum + length, 0),
      bytes.length,
    )
    assert.ok(lengths.slice(0, -1).every(length => length >= sizes.minBytes && length <= sizes.maxBytes))
    const mean = bytes.length / lengths.length / sizes.targetBytes
    assert.ok(mean > 1.05 && mean < 1.3, `mean ${mean}`)
  }
  const zeros = cuts(new Uint8Array(1_000_000), valueChunks)
  assert.ok(zeros.slice(0, -1).every(length => length === valueChunks.maxBytes || length === valueChunks.minBytes))
})

test('ten bytes put in leave more than 98 of 100 chunks as they were', () => {
  const random = seededRandom(6)
  const bytes = Buffer.from(random.bytes(8_000_000))
  const digests = (whole: Uint8Array) => {
    let from = 0
    return cuts(whole, valueChunks).map(length => {
      from += length
      return createHash('sha256')
        .update(whole.subarray(from - length, from))
        .digest('hex')
    })
  }
  const known = new Set(digests(bytes))
  for (const at of [0, 1, 4_000_000, 7_999_999]) {
    const longer = digests(Buffer.concat([bytes.subarray(0, at), random.bytes(10), bytes.subarray(at)]))
    const kept = longer.filter(digest => known.has(digest)).length
    assert.ok(kept > 0.98 * longer.length, `${kept} of ${longer.length} chunks kept after an insertion at ${at}`)
  }
})

test('pieces of any length give the chunks of the whole', () => {
  fc.assert(
    fc.property(anyBytes, fc.array(fc.oneof(fc.nat(12_000), fc.nat(40)), { maxLength: 60 }), (bytes, places) => {
      const borders = [0, ...places.map(place => Math.min(place, bytes.length)), bytes.length].sort((a, b) => a - b)
      const pieces = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end))
      const chunks = cutPieces(pieces, smallChunks)
      assert.deepEqual(
        chunks.map(chunk => chunk.length),
        cuts(bytes, smallChunks),
      )
      assert.ok(Buffer.concat(chunks).equals(bytes))
    }),
    { numRuns: 300 },
  )
})

test('bytes that arrive one by one give the chunks of the whole', () => {
  const bytes = seededRandom(7).bytes(20_000)
  const pieces = Array.from(bytes, byte => Uint8Array.of(byte))
  const lengths = cutPieces(pieces, valueChunks).map(chunk => chunk.length)
  assert.deepEqual(lengths, cuts(bytes, valueChunks))
})

test('a chunk inside a piece is a view on it; one that straddles pieces has memory of its own, which later chunks leave alone', () => {
  const bytes = seededRandom(8).bytes(1_000_000)
  const pieces = [0, 1, 2, 3].map(index => bytes.slice(index * 250_000, (index + 1) * 250_000))
  const chunks = cutPieces(pieces, valueChunks)
  const own = chunks.filter(chunk => pieces.every(piece => piece.buffer !== chunk.buffer))
  assert.ok(own.length >= 1 && own.length <= 3, `${own.length} chunks copied`)
  assert.equal(new Set(own.map(chunk => chunk.buffer)).size, own.length)
  assert.ok(Buffer.concat(chunks).equals(bytes))
  assert.deepEqual(
    cutPieces([bytes], blobChunks).filter(chunk => chunk.buffer !== bytes.buffer),
    [],
  )
})

test('a cutter that has finished cuts the next part from its beginning and leaves the chunks of the last alone', () => {
  const bytes = seededRandom(9).bytes(200_000)
  const parts = [bytes.subarray(0, 101_000), bytes.subarray(101_000)]
  const chunks: Uint8Array[] = []
  const cutter = new ChunkCutter(valueChunks, chunk => chunks.push(chunk))
  cutter.finish()
  cutter.push(new Uint8Array(0))
  for (const part of parts) {
    for (let from = 0; from < part.length; from += 1000) cutter.push(part.subarray(from, from + 1000))
    cutter.finish()
  }
  assert.deepEqual(
    chunks.map(chunk => chunk.length),
    parts.flatMap(part => cuts(part, valueChunks)),
  )
  assert.ok(Buffer.concat(chunks).equals(bytes))
})
