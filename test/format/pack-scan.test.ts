import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeFooter } from '../../src/format/pack-footer.ts'
import { PackReader } from '../../src/format/pack-reader.ts'
import { scanPack } from '../../src/format/pack-scan.ts'
import { verifyPack } from '../../src/format/pack-verify.ts'
import {
  buildPack,
  fullChunk,
  packId,
  randomBytesFrom,
  readAll,
  readerOf,
  recordsOf,
  sameChunks,
  storeId,
} from './pack-building.ts'

const frames = [1, 2, 3, 4, 5, 6].map(seed => [
  fullChunk(recordsOf(seed, 400 * seed)),
  // Bytes that look like the head of a frame.
  fullChunk(Buffer.concat([Buffer.from('WMFR'), randomBytesFrom(seed, 300)])),
])
const pack = buildPack(frames, { codec: 'none' })
const scan = (bytes: Uint8Array) => scanPack(readerOf(bytes), packId, bytes.length)
const whole = await PackReader.open(readerOf(pack), packId, pack.length)
const end = pack.subarray((whole.frames.at(-1)?.offset ?? 0) + (whole.frames.at(-1)?.storedBytes ?? 0))

test('a scan of an intact pack finds what its footer says, and no damage', async () => {
  const found = await scan(pack)
  assert.deepEqual(found.frames, whole.frames)
  assert.deepEqual(found.damaged, [])
  assert.ok(found.isHeaderIntact)
  assert.deepEqual(found.footer?.frames, whole.frames)
})

test('a scan finds all other frames when any one is destroyed, with and without the footer', async () => {
  for (const [index, { offset, storedBytes }] of whole.frames.entries()) {
    for (const fill of [0, 0xff, 'WMFR']) {
      const damaged = Buffer.from(pack).fill(fill, offset, offset + storedBytes)
      const others = whole.frames.filter((_, each) => each !== index)
      const found = await scan(damaged)
      assert.deepEqual(found.frames, others)
      assert.deepEqual(found.damaged, [{ offset, length: storedBytes }])
      const alone = damaged.subarray(0, damaged.length - end.length)
      assert.deepEqual((await scan(alone)).frames, others)
    }
  }
})

test('a flipped bit in any byte costs a scan at most the frame it is in', async () => {
  for (let at = 0; at < pack.length; at += 7) {
    const damaged = Buffer.from(pack)
    damaged[at] = (pack[at] ?? 0) ^ 4
    const found = await scan(damaged)
    const others = whole.frames.filter(({ offset, storedBytes }) => at < offset || at >= offset + storedBytes)
    assert.deepEqual(found.frames, others, `byte ${at}`)
    assert.ok(
      found.damaged.some(({ offset, length }) => offset <= at && at < offset + length),
      `byte ${at}`,
    )
  }
})

test('a file that is cut short gives the frames that are whole', async () => {
  for (let length = 0; length <= pack.length - end.length; length += 61) {
    const found = await scan(pack.subarray(0, length))
    assert.deepEqual(
      found.frames,
      whole.frames.filter(({ offset, storedBytes }) => offset + storedBytes <= length),
    )
    assert.equal(found.footer, undefined)
  }
})

test('frames behind lost or added bytes are found where they are now', async () => {
  const cut = (whole.frames[2]?.offset ?? 0) + 100
  const lost = Buffer.concat([pack.subarray(0, cut), pack.subarray(cut + 50)])
  assert.deepEqual(
    (await scan(lost)).frames,
    whole.frames
      .filter(({ frame }) => frame !== 2)
      .map(entry => ({ ...entry, offset: entry.offset - (entry.frame > 2 ? 50 : 0) })),
  )
  const added = Buffer.concat([pack.subarray(0, cut), Buffer.alloc(1000), pack.subarray(cut)])
  assert.deepEqual(
    (await scan(added)).frames.map(({ frame }) => frame),
    [0, 1, 3, 4, 5],
  )
})

test('frames of another pack are no frames of this one, also inside its payload', async () => {
  const other = buildPack(frames, { codec: 'none' }, 'q'.repeat(26))
  const outer = buildPack([[fullChunk(other)], [fullChunk(recordsOf(1, 50))]], { codec: 'none' })
  const damaged = Buffer.from(outer)
  damaged[200] = (outer[200] ?? 0) ^ 1
  assert.deepEqual(
    (await scan(damaged)).frames.map(({ frame }) => frame),
    [1],
  )
})

test('a frame that is there twice counts once', async () => {
  const [first] = whole.frames
  assert.ok(first)
  const copy = pack.subarray(first.offset, first.offset + first.storedBytes)
  const found = await scan(Buffer.concat([pack.subarray(0, pack.length - end.length), copy]))
  assert.deepEqual(found.frames, whole.frames)
  assert.deepEqual(found.damaged, [{ offset: pack.length - end.length, length: copy.length }])
})

test('a scan reads in windows and finds frames across their edges', async () => {
  const large = buildPack(
    Array.from({ length: 30 }, (_, index) => [fullChunk(randomBytesFrom(index + 1, 250_000))]),
    { codec: 'none' },
  )
  const { frames: expected } = await PackReader.open(readerOf(large), packId, large.length)
  const lengths: number[] = []
  const read = readerOf(large.subarray(0, -64), (_, length) => lengths.push(length))
  let bytes = 0
  const found = await scanPack(read, packId, large.length - 64, count => {
    bytes += count
  })
  assert.deepEqual(found.frames, expected)
  assert.ok(Math.max(...lengths) <= 2 * 1024 * 1024)
  assert.equal(bytes, large.length - 64)
  // The head of the frame destroyed, so that it has to be searched through.
  const [, , , , , , , , ninth] = expected
  large.fill(7, ninth?.offset, (ninth?.offset ?? 0) + 48)
  assert.deepEqual(
    (await scan(large)).frames,
    expected.filter(entry => entry !== ninth),
  )
})

test('a pack gets a new footer from a scan, and what is left of it is read by the same numbers', async () => {
  const lost = whole.frames[3]
  assert.ok(lost)
  const damaged = Buffer.from(pack)
    .fill(0, lost.offset, lost.offset + lost.storedBytes)
    .fill(0, pack.length - end.length)
  await assert.rejects(readAll(damaged), { code: 'corrupt' })
  const found = await scan(damaged)
  const body = damaged.subarray(0, damaged.length - end.length)
  const mended = Buffer.concat([body, encodeFooter(packId, found.frames, body.length)])
  const reader = await PackReader.open(readerOf(mended), packId, mended.length, storeId)
  assert.equal(reader.chunkCount, whole.chunkCount)
  for (let chunk = 0; chunk < reader.chunkCount; chunk++) {
    if (chunk >= lost.firstChunk && chunk < lost.firstChunk + lost.chunks) {
      assert.throws(() => reader.frameOf(chunk), { code: 'corrupt' })
      continue
    }
    const frame = await reader.readFrame(reader.frameOf(chunk))
    assert.ok(sameChunks(frame.chunks, frames[frame.frame] ?? []))
  }
  assert.deepEqual(await verifyPack(readerOf(mended), packId, mended.length, { full: true }), [])
})

test('a frame whose first bytes lie across the edge of a window is found', async () => {
  const [first] = whole.frames
  assert.ok(first)
  const frame = pack.subarray(first.offset, first.offset + first.storedBytes)
  for (const before of [1, 2, 3, 4, 5]) {
    const offset = 2 * 1024 * 1024 - before
    const found = await scan(Buffer.concat([pack.subarray(0, 96), Buffer.alloc(offset - 96, 9), frame]))
    assert.deepEqual(found.frames, [{ ...first, offset }])
  }
})
