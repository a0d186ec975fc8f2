import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { type Compression, codecNames, compressionLevels } from '../../src/format/compression.ts'
import { decodeFrame, encodeFrame, isFrameFull } from '../../src/format/pack-frame.ts'
import { packIdOf } from '../../src/format/pack-header.ts'
import { PackReader } from '../../src/format/pack-reader.ts'
import { frameMaxChunks, frameTargetBytes, type PackChunk } from '../../src/format/pack-table.ts'
import { PackWriter } from '../../src/format/pack-writer.ts'
import {
  buildPack,
  deltaChunk,
  fullChunk,
  packId,
  randomBytesFrom,
  readAll,
  readerOf,
  recordsOf,
  sameChunks,
  smallFrames,
  smallPack,
  storeId,
} from './pack-building.ts'

const content = fc
  .record({ seed: fc.nat(), length: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.nat(30_000)), random: fc.boolean() })
  .map(({ seed, length, random }) => (random ? randomBytesFrom(seed, length) : recordsOf(seed, length)))
const anyChunk = fc.oneof(
  content.map(fullChunk),
  content.map((raw): PackChunk => ({ ...fullChunk(raw), kind: 'list' })),
  fc.tuple(content, content).map(([raw, payload]) => deltaChunk(raw, payload)),
)
const anyFrames = fc.array(fc.array(anyChunk, { minLength: 1, maxLength: 6 }), { maxLength: 4 })
const anyCompression = fc.constantFrom(...codecNames).chain(codec => {
  const [min, max] = compressionLevels[codec]
  return fc.option(fc.integer({ min, max: Math.min(max, 9) }), { nil: undefined }).map(level => ({
    codec,
    ...(level === undefined ? {} : { level }),
  }))
})

test('chunks of every size and kind come back from every codec and level', async () => {
  await fc.assert(
    fc.asyncProperty(anyFrames, anyCompression, async (frames, compression) => {
      const pack = buildPack(frames, compression)
      assert.ok(sameChunks(await readAll(pack), frames.flat()))
      assert.equal(packIdOf(pack), packId)
    }),
    { numRuns: 120 },
  )
})

test('the largest frame comes back from every codec at its highest level', () => {
  const chunks = [recordsOf(1, 255 * 1024), recordsOf(2, 256 * 1024)].map(fullChunk)
  for (const codec of codecNames) {
    const [, level] = compressionLevels[codec]
    const frame = encodeFrame(packId, { frame: 0, firstChunk: 0 }, chunks, { codec, level })
    assert.equal(frame.codec, codec)
    assert.ok(sameChunks(decodeFrame(frame.bytes, packId).chunks, chunks), codec)
  }
})

test('a reader finds every chunk by its number', async () => {
  const frames = Array.from({ length: 9 }, (_, frame) =>
    Array.from({ length: 1 + ((frame * 5) % 7) }, (_, index) => fullChunk(recordsOf(frame * 10 + index, 50))),
  )
  const bytes = buildPack(frames)
  const reader = await PackReader.open(readerOf(bytes), packId, bytes.length, storeId)
  assert.equal(reader.chunkCount, frames.flat().length)
  for (let chunk = 0; chunk < reader.chunkCount; chunk++) {
    const index = reader.frameOf(chunk)
    const { firstChunk, chunks } = await reader.readFrame(index)
    assert.deepEqual(chunks[chunk - firstChunk]?.payload, frames.flat()[chunk]?.payload)
  }
  assert.throws(() => reader.frameOf(reader.chunkCount), { code: 'corrupt' })
  assert.throws(() => reader.frameOf(-1), { code: 'corrupt' })
})

test('opening takes two reads, a frame one, a table one without its payload', async () => {
  const bytes = buildPack(Array.from({ length: 40 }, (_, index) => [fullChunk(randomBytesFrom(index + 1, 10_000))]))
  const reads: number[] = []
  const reader = await PackReader.open(
    readerOf(bytes, (_, length) => reads.push(length)),
    packId,
    bytes.length,
  )
  assert.deepEqual(reads.splice(0), [96, 16 * 1024])
  await reader.readFrame(7)
  assert.deepEqual(reads.splice(0), [reader.frames[7]?.storedBytes])
  await reader.readTable(7)
  assert.deepEqual(reads.splice(0), [48 + 44])
})

test('a pack whose footer is longer than the first read opens', async () => {
  const frames = Array.from({ length: 700 }, (_, index) => [fullChunk(recordsOf(index, 20))])
  assert.ok(sameChunks(await readAll(buildPack(frames)), frames.flat()))
})

test('the footer says how many bytes the chunks of a frame give, with deltas counted as what they stand for', async () => {
  const bytes = smallPack()
  const reader = await PackReader.open(readerOf(bytes), packId, bytes.length)
  assert.deepEqual(
    reader.frames.map(({ chunkBytes, rawBytes }) => [chunkBytes, rawBytes]),
    [
      [1000, 1000],
      [200, 200],
      [5400, 440],
    ],
  )
})

test('payloads are views on one buffer', async () => {
  const { chunks } = decodeFrame(
    encodeFrame(packId, { frame: 0, firstChunk: 0 }, [fullChunk(recordsOf(1, 9000)), fullChunk(recordsOf(2, 9000))], {
      codec: 'zstd',
    }).bytes,
    packId,
  )
  assert.equal(chunks[0]?.payload.buffer, chunks[1]?.payload.buffer)
})

test('chunks may lie in shared memory, compressed or not', () => {
  for (const make of [recordsOf, randomBytesFrom]) {
    for (const sizes of [[50_000], [20_000, 30_000]]) {
      const chunks = sizes.map((size, index) => {
        const shared = new Uint8Array(new SharedArrayBuffer(size + 7), 7)
        shared.set(make(index + 1, size))
        return fullChunk(shared)
      })
      for (const codec of codecNames) {
        const { bytes } = encodeFrame(packId, { frame: 0, firstChunk: 0 }, chunks, { codec })
        assert.ok(bytes.buffer instanceof ArrayBuffer)
        assert.ok(sameChunks(decodeFrame(bytes, packId).chunks, chunks), codec)
      }
    }
  }
})

test('a frame encoded in a worker comes back by transfer and is the same', async () => {
  const worker = new Worker(new URL('./encode-frame-worker.ts', import.meta.url))
  const chunks = [fullChunk(recordsOf(1, 90_000)), fullChunk(recordsOf(2, 3000))]
  const frame = await new Promise<{ bytes: Uint8Array }>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.postMessage({ pack: packId, place: { frame: 0, firstChunk: 0 }, chunks, compression: { codec: 'zstd' } })
  })
  await worker.terminate()
  assert.ok(sameChunks(decodeFrame(frame.bytes, packId).chunks, chunks))
})

test('what compression does not make at least 3 % shorter is stored as it is', () => {
  const encode = (payload: Uint8Array, compression: Compression) =>
    encodeFrame(packId, { frame: 0, firstChunk: 0 }, [fullChunk(payload)], compression)
  // The text is too short a part to pay: 2 % of the whole.
  const mixed = Buffer.concat([randomBytesFrom(1, 3900), Buffer.alloc(80)])
  for (const codec of ['zstd', 'gzip', 'brotli'] as const) {
    assert.equal(encode(mixed, { codec }).codec, 'none')
    assert.equal(encode(randomBytesFrom(1, 100_000), { codec }).codec, 'none')
    assert.equal(encode(new Uint8Array(0), { codec }).codec, 'none')
    assert.equal(encode(recordsOf(1, 100_000), { codec }).codec, codec)
  }
})

test('no frame is longer than its raw bytes, its head and its table', () => {
  for (const length of [0, 1, 2, 20, 100, 5000]) {
    for (const codec of codecNames) {
      const { bytes } = encodeFrame(packId, { frame: 0, firstChunk: 0 }, [fullChunk(randomBytesFrom(9, length))], { codec })
      assert.ok(bytes.length <= 48 + 44 + length)
    }
  }
})

test('frames are closed by bytes or by chunks, and a fuller one is refused', () => {
  assert.ok(!isFrameFull(frameTargetBytes - 1, frameMaxChunks - 1))
  assert.ok(isFrameFull(frameTargetBytes, 1))
  assert.ok(isFrameFull(1, frameMaxChunks))
  const place = { frame: 0, firstChunk: 0 }
  const tiny = fullChunk(new Uint8Array(1))
  const full = encodeFrame(packId, place, new Array(frameMaxChunks).fill(tiny), { codec: 'zstd' })
  assert.equal(decodeFrame(full.bytes, packId).chunks.length, frameMaxChunks)
  for (const chunks of [[], new Array(frameMaxChunks + 1).fill(tiny), [fullChunk(new Uint8Array(1024 * 1024 + 1))]]) {
    assert.throws(() => encodeFrame(packId, place, chunks, { codec: 'zstd' }), { code: 'internal' })
  }
})

test('a writer refuses frames out of order and anything behind the end', () => {
  const writer = new PackWriter(packId, storeId)
  const frames = smallFrames().map((chunks, frame) =>
    encodeFrame(packId, { frame, firstChunk: frame * 2 }, chunks, { codec: 'none' }),
  )
  const [first, second] = frames
  assert.ok(first && second)
  assert.throws(() => writer.add(second), { code: 'internal' })
  writer.add(first)
  assert.throws(() => writer.add(first), { code: 'internal' })
  writer.add(second)
  const before = writer.length
  assert.equal(writer.chunkCount, 3)
  const end = Buffer.concat(writer.finish())
  assert.equal(writer.length, before + end.length)
  assert.throws(() => writer.finish(), { code: 'internal' })
  assert.throws(() => writer.add({ ...second, frame: 2, firstChunk: 3 }), { code: 'internal' })
})
