import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { codecNames } from '../../src/format/compression.ts'
import { encodeFooter } from '../../src/format/pack-footer.ts'
import { decodeFrame, encodeFrame } from '../../src/format/pack-frame.ts'
import { encodePackHeader, type ReadPack } from '../../src/format/pack-header.ts'
import { PackReader } from '../../src/format/pack-reader.ts'
import { scanPack } from '../../src/format/pack-scan.ts'
import type { PackChunk } from '../../src/format/pack-table.ts'
import { verifyPack } from '../../src/format/pack-verify.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import {
  buildPack,
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

const expected = smallFrames().flat()

/** True if the chunks were read, and then they must be right; false for an error that says damage or an unknown version. */
async function isReadRight(bytes: Uint8Array): Promise<boolean> {
  let chunks: PackChunk[]
  try {
    chunks = await readAll(bytes)
  } catch (error) {
    assert.ok(isWaymarkError(error, 'corrupt') || isWaymarkError(error, 'unsupported'), String(error))
    return false
  }
  assert.ok(sameChunks(chunks, expected), 'other bytes than were written')
  return true
}

test('a flipped bit anywhere in a pack is found (E3) [pitfall 6]', async () => {
  for (const codec of codecNames) {
    const pack = smallPack({ codec })
    const bits = randomBytesFrom(11, pack.length)
    for (let at = 0; at < pack.length; at++) {
      const damaged = Buffer.from(pack)
      damaged[at] = (pack[at] ?? 0) ^ (1 << ((bits[at] ?? 0) % 8))
      assert.equal(await isReadRight(damaged), false, `${codec}, byte ${at}`)
    }
  }
})

test('a pack cut short at any length, or longer than it was, is found', async () => {
  const pack = smallPack()
  for (let length = 0; length < pack.length; length++) {
    assert.equal(await isReadRight(pack.subarray(0, length)), false, `${length} bytes`)
  }
  for (const more of [1, 32, 64, 4096]) {
    assert.equal(await isReadRight(Buffer.concat([pack, Buffer.alloc(more)])), false, `${more} bytes more`)
  }
  assert.equal(await isReadRight(Buffer.concat([pack, pack])), false, 'twice')
})

test('two frames that changed places are found', async () => {
  const frames = [1, 2, 3].map(seed => [fullChunk(randomBytesFrom(seed, 500))])
  const pack = buildPack(frames)
  const length = 48 + 44 + 500
  const [first, second] = [pack.subarray(96, 96 + length), pack.subarray(96 + length, 96 + 2 * length)]
  const swapped = Buffer.concat([pack.subarray(0, 96), second, first, pack.subarray(96 + 2 * length)])
  await assert.rejects(readAll(swapped), { code: 'corrupt', message: /does not fit its index/ })
  const reader = await PackReader.open(readerOf(swapped), packId, swapped.length)
  await assert.rejects(reader.readTable(0), { code: 'corrupt' })
  assert.ok(sameChunks((await reader.readFrame(2)).chunks, frames[2] ?? []))
})

test('a pack under the name of another one is found, and so is each of its frames', async () => {
  const other = 'q'.repeat(26)
  await assert.rejects(readAll(smallPack({ codec: 'none' }, other)), { code: 'corrupt', message: /another pack/ })
  const place = { frame: 0, firstChunk: 0 }
  const frame = encodeFrame(other, place, smallFrames()[0] ?? [], { codec: 'none' })
  assert.throws(() => decodeFrame(frame.bytes, packId), { code: 'corrupt' })
  // The header and the frames of this pack, the end of another one with the same shape.
  const [mine, its] = [smallPack({ codec: 'none' }), smallPack({ codec: 'none' }, other)]
  const end = 3 * 32 + 64
  await assert.rejects(readAll(Buffer.concat([mine.subarray(0, -end), its.subarray(-end)])), { code: 'corrupt' })
})

test('a pack of another store is refused where the store is known', async () => {
  const pack = smallPack()
  await PackReader.open(readerOf(pack), packId, pack.length, storeId)
  await assert.rejects(PackReader.open(readerOf(pack), packId, pack.length, 'z'.repeat(26)), { code: 'corrupt' })
})

test('4 KiB of zeros anywhere are found', async () => {
  const frames = [1, 2, 3, 4, 5].map(seed => [fullChunk(randomBytesFrom(seed, 3000)), fullChunk(recordsOf(seed, 9000))])
  const pack = buildPack(frames, { codec: 'none' })
  for (let at = 0; at < pack.length; at += 1500) {
    const damaged = Buffer.from(pack).fill(0, at, Math.min(at + 4096, pack.length))
    await assert.rejects(readAll(damaged), { code: 'corrupt' }, `at ${at}`)
  }
})

test('a frame that is intact is read whatever happened to others', async () => {
  const pack = smallPack()
  const whole = await PackReader.open(readerOf(pack), packId, pack.length)
  for (const [index, { offset, storedBytes }] of whole.frames.entries()) {
    const damaged = Buffer.from(pack).fill(0xa5, offset, offset + storedBytes)
    const reader = await PackReader.open(readerOf(damaged), packId, damaged.length)
    for (const other of whole.frames.keys()) {
      if (other === index) await assert.rejects(reader.readFrame(other), { code: 'corrupt' })
      else assert.ok(sameChunks((await reader.readFrame(other)).chunks, smallFrames()[other] ?? []))
    }
  }
})

/** Writes right digests over whatever bytes there are, as somebody would who wants them to be taken for good. */
function reseal(pack: Buffer, frames: readonly { readonly offset: number; readonly storedBytes: number }[]): Buffer {
  const sealed = Buffer.from(pack)
  const sha = (...parts: Uint8Array[]) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
  sha(sealed.subarray(0, 80)).copy(sealed, 80, 0, 16)
  for (const { offset, storedBytes } of frames) {
    const frame = sealed.subarray(offset, offset + storedBytes)
    const payloadAt = Math.min(48 + 44 * frame.readUInt32LE(12), storedBytes)
    frame.writeUInt32LE(zlib.crc32(frame.subarray(payloadAt)), 28)
    sha(Buffer.from(packId), frame.subarray(0, 32), frame.subarray(48, payloadAt)).copy(frame, 32, 0, 16)
  }
  const footerAt = Math.min(Number(sealed.readBigUInt64LE(sealed.length - 64)), sealed.length - 64)
  sha(Buffer.from(packId), sealed.subarray(footerAt, -32)).copy(sealed, sealed.length - 32, 0, 24)
  return sealed
}

/** Refuses to read what is not there: whoever asks has believed a number that nobody checked. */
function strictReader(bytes: Uint8Array): ReadPack {
  return async (offset, length) => {
    assert.ok(offset >= 0 && length >= 0 && offset + length <= bytes.length, `${offset}, ${length} of ${bytes.length}`)
    return bytes.subarray(offset, offset + length)
  }
}

async function readEverything(bytes: Uint8Array): Promise<'read' | 'refused'> {
  const allowed = (error: unknown) => {
    if (!isWaymarkError(error, 'corrupt') && !isWaymarkError(error, 'unsupported')) throw error
    return 'refused' as const
  }
  await verifyPack(strictReader(bytes), packId, bytes.length, { full: true })
  await scanPack(strictReader(bytes), packId, bytes.length).catch(allowed)
  const open = PackReader.open(strictReader(bytes), packId, bytes.length)
  const reader = await open.catch(allowed)
  if (reader === 'refused') return reader
  let outcome: 'read' | 'refused' = 'read'
  for (const index of reader.frames.keys()) {
    const results = [await reader.readTable(index).catch(allowed), await reader.readFrame(index).catch(allowed)]
    if (results.includes('refused')) outcome = 'refused'
  }
  return outcome
}

test('random bytes are refused, whatever they begin with [pitfall 14]', async () => {
  const pack = smallPack()
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), fc.nat(200), fc.nat(200), async (noise, head, tail) => {
      const bytes = Buffer.concat([pack.subarray(0, head), noise, pack.subarray(pack.length - tail)])
      assert.equal(await readEverything(bytes), 'refused')
    }),
    { numRuns: 1500 },
  )
})

test('a pack with wrong numbers under right digests is refused or read within its own bounds [pitfall 14]', async () => {
  const packs = await Promise.all(
    codecNames.map(async codec => {
      const bytes = smallPack({ codec })
      return { bytes, frames: (await PackReader.open(readerOf(bytes), packId, bytes.length)).frames }
    }),
  )
  const value = fc.oneof(
    fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 4096, 4097, 1 << 20, (1 << 20) + 1),
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.nat(3000),
  )
  const outcomes = { read: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...packs),
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), value, fc.boolean())),
      async (source, area, edits) => {
        const bytes = Buffer.from(source.bytes)
        const frame = source.frames[area % source.frames.length]
        const from = area % 4 === 0 ? bytes.length - 3 * 32 - 64 : (frame?.offset ?? 0)
        const length = area % 4 === 0 ? 3 * 32 + 32 : Math.min(48 + 3 * 44, frame?.storedBytes ?? 0)
        for (const [at, number, isWord] of edits.slice(0, 3)) {
          const place = from + (at % (length - 4))
          if (isWord) bytes.writeUInt32LE(number, place & ~3)
          else bytes[place] = number & 255
        }
        outcomes[await readEverything(reseal(bytes, source.frames))]++
      },
    ),
    { numRuns: 2500 },
  )
  // Most edits hit something that counts; without any that do not, the claim would be about the digests only.
  assert.ok(outcomes.read > 100 && outcomes.refused > 500, JSON.stringify(outcomes))
})

test('a payload that decompresses to more or less than it says is damage, not memory', () => {
  const place = { frame: 0, firstChunk: 0 }
  const honest = [fullChunk(recordsOf(1, 60_000))]
  const bomb = Buffer.alloc(50_000_000)
  for (const [codec, compressed, makes] of [
    ['zstd', zlib.zstdCompressSync(bomb), bomb.length],
    ['gzip', zlib.gzipSync(bomb), bomb.length],
    ['brotli', zlib.brotliCompressSync(bomb, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }), bomb.length],
    ['zstd', zlib.zstdCompressSync(Buffer.alloc(900_000)), 900_000],
    ['zstd', zlib.zstdCompressSync(Buffer.alloc(59_999)), 59_999],
    ['gzip', zlib.gzipSync(Buffer.alloc(59_999)), 59_999],
    ['brotli', zlib.brotliCompressSync(Buffer.alloc(59_999)), 59_999],
    ['zstd', Buffer.from('not compressed at all'), 0],
    ['gzip', Buffer.from('not compressed at all'), 0],
    ['brotli', Buffer.from('not compressed at all'), 0],
  ] as const) {
    const good = Buffer.from(encodeFrame(packId, place, honest, { codec }).bytes)
    const frame = Buffer.concat([good.subarray(0, 92), compressed])
    frame.writeUInt32LE(compressed.length, 16)
    const sealed = reseal(Buffer.concat([Buffer.alloc(96), frame, Buffer.alloc(64)]), [{ offset: 96, storedBytes: frame.length }])
    const bytes = sealed.subarray(96, 96 + frame.length)
    assert.throws(
      () => decodeFrame(bytes, packId),
      (error: Error) => {
        assert.ok(isWaymarkError(error, 'corrupt') && /decompressed/.test(error.message), codec)
        // zlib itself stopped: nothing beyond the declared length was made.
        const { cause } = error
        const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
        const isTooLarge = code === 'ERR_BUFFER_TOO_LARGE' || code === 'ZSTD_error_frameParameter_windowTooLarge'
        assert.equal(isTooLarge, makes > 60_000, codec)
        return true
      },
    )
  }
})

test('numbers of a frame that contradict each other are damage, right digests or not', async () => {
  const bytes = smallPack({ codec: 'none' })
  const { frames } = await PackReader.open(readerOf(bytes), packId, bytes.length)
  const [first] = frames
  assert.ok(first)
  for (const [what, at, change, message] of [
    ['raw bytes below the stored ones', 20, -1, /head of a frame/],
    ['no chunks', 12, -2, /head of a frame/],
    ['more raw bytes than a frame has', 20, 1 << 20, /head of a frame/],
    ['a full chunk that is longer than its payload', 48 + 32, 1, /table/],
    ['a table whose sum is more than the payload', 48 + 36, 1, /table/],
  ] as const) {
    const edited = Buffer.from(bytes)
    edited.writeUInt32LE(edited.readUInt32LE(first.offset + at) + change, first.offset + at)
    // With both lengths of a chunk changed, only the sum is wrong.
    if (at === 48 + 36) edited.writeUInt32LE(edited.readUInt32LE(first.offset + 48 + 32) + 1, first.offset + 48 + 32)
    const frame = reseal(edited, frames).subarray(first.offset, first.offset + first.storedBytes)
    assert.throws(() => decodeFrame(frame, packId), { code: 'corrupt', message }, what)
  }
})

test('a footer of frames that cannot be is refused when the pack is opened', async () => {
  const bytes = smallPack()
  const { frames } = await PackReader.open(readerOf(bytes), packId, bytes.length)
  const body = bytes.subarray(0, bytes.length - 3 * 32 - 64)
  const [first, second, third] = frames
  assert.ok(first && second && third)
  for (const edit of [
    { chunks: 0 },
    { chunks: 4097 },
    { rawBytes: (1 << 20) + 1 },
    { rawBytes: 3 },
    { storedBytes: 40 },
    { storedBytes: bytes.length },
    { offset: second.offset - 1 },
    { offset: bytes.length },
    { frame: 1 },
    { firstChunk: 2 },
  ]) {
    const footer = encodeFooter(packId, [first, second, { ...third, ...edit }], body.length)
    await assert.rejects(
      readAll(Buffer.concat([body, footer])),
      { code: 'corrupt', message: /index contradicts/ },
      JSON.stringify(edit),
    )
  }
})

test('what a newer version may write is unsupported, which is not damage (C9)', async () => {
  const pack = smallPack()
  const { frames } = await PackReader.open(readerOf(pack), packId, pack.length)
  const frameAt = frames[0]?.offset ?? 0
  for (const [what, at, value] of [
    ['major', 8, 3],
    ['major', 8, 1],
    ['required feature', 12, 1],
    ['codec', frameAt + 24, 4],
    ['kind', frameAt + 48 + 40, 3],
  ] as const) {
    const newer = Buffer.from(pack)
    newer[at] = value
    const sealed = reseal(newer, frames)
    await assert.rejects(readAll(sealed), { code: 'unsupported' }, what)
    const problems = await verifyPack(readerOf(sealed), packId, sealed.length, { full: true })
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['unsupported'],
      what,
    )
  }
  const minor = Buffer.from(pack)
  minor[10] = 7
  assert.ok(sameChunks(await readAll(reseal(minor, frames)), expected))
})

test('a header of this form is not enough to be a pack', async () => {
  await assert.rejects(readAll(encodePackHeader(packId, storeId)), { code: 'corrupt' })
})
