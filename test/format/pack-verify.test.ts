import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PackReader } from '../../src/format/pack-reader.ts'
import type { PackChunk } from '../../src/format/pack-table.ts'
import { verifyPack } from '../../src/format/pack-verify.ts'
import { WaymarkError } from '../../src/model/errors.ts'
import {
  buildPack,
  deltaChunk,
  fullChunk,
  packId,
  randomBytesFrom,
  readerOf,
  recordsOf,
  smallPack,
  storeId,
} from './pack-building.ts'

const verify = (bytes: Uint8Array, full = true) => verifyPack(readerOf(bytes), packId, bytes.length, { full })
const pack = smallPack()
const { frames } = await PackReader.open(readerOf(pack), packId, pack.length)

test('an intact pack has no problems, and all its bytes were read', async () => {
  for (const full of [false, true]) {
    let bytes = 0
    const onBytes = (count: number) => {
      bytes += count
    }
    assert.deepEqual(await verifyPack(readerOf(pack), packId, pack.length, { full, onBytes, store: storeId }), [])
    if (full) assert.ok(bytes >= pack.length)
  }
})

test('a flipped bit in any byte is a problem whose range holds it (E3)', async () => {
  for (let at = 0; at < pack.length; at++) {
    const damaged = Buffer.from(pack)
    damaged[at] = (pack[at] ?? 0) ^ 16
    const problems = await verify(damaged)
    assert.equal(problems.length, 1, `byte ${at}`)
    const [{ code, range, frame, chunks } = assert.fail()] = problems
    assert.equal(code, 'corrupt')
    assert.ok(range.offset <= at && at < range.offset + range.length, `byte ${at}`)
    const entry = frames.find(({ offset, storedBytes }) => offset <= at && at < offset + storedBytes)
    assert.equal(frame, entry?.frame)
    assert.deepEqual(chunks, entry && { first: entry.firstChunk, count: entry.chunks })
  }
})

test('a quick look finds flipped bits but those in payloads', async () => {
  for (let at = 0; at < pack.length; at++) {
    const damaged = Buffer.from(pack)
    damaged[at] = (pack[at] ?? 0) ^ 16
    const isPayload = frames.some(
      ({ offset, storedBytes, chunks }) => at >= offset + 48 + 44 * chunks && at < offset + storedBytes,
    )
    assert.equal((await verify(damaged, false)).length, isPayload ? 0 : 1, `byte ${at}`)
  }
})

test('a quick look reads no payload', async () => {
  const large = buildPack([[fullChunk(randomBytesFrom(1, 200_000))], [fullChunk(randomBytesFrom(2, 200_000))]])
  let bytes = 0
  const onBytes = (count: number) => {
    bytes += count
  }
  assert.deepEqual(await verifyPack(readerOf(large), packId, large.length, { full: false, onBytes }), [])
  assert.ok(bytes < 20_000)
})

test('damage in several places is told of each, also when the end is among them', async () => {
  const [first, second, third] = frames
  assert.ok(first && second && third)
  const damaged = Buffer.from(pack)
  for (const at of [20, second.offset + 5, pack.length - 1]) damaged[at] = (pack[at] ?? 0) ^ 1
  const problems = await verify(damaged)
  assert.deepEqual(
    problems.map(({ range, chunks }) => ({ range, chunks })),
    [
      { range: { offset: 0, length: 96 }, chunks: undefined },
      { range: { offset: third.offset + third.storedBytes, length: 3 * 32 + 64 }, chunks: undefined },
      { range: { offset: second.offset, length: second.storedBytes }, chunks: { first: 2, count: 1 } },
    ],
  )
})

test('a pack cut short anywhere has problems and nothing is thrown', async () => {
  for (let length = 0; length < pack.length; length++) {
    assert.ok((await verify(pack.subarray(0, length))).length > 0)
    assert.ok((await verify(pack.subarray(0, length), false)).length > 0)
  }
})

test('a chunk that is not what its digest says is found, though every frame is intact', async () => {
  const wrong = (chunk: PackChunk): PackChunk => ({ ...chunk, digest: fullChunk(Buffer.from('another')).digest })
  const good = fullChunk(recordsOf(1, 500))
  for (const chunk of [wrong(good), { ...wrong(good), kind: 'list' as const }]) {
    const [problem, ...more] = await verify(buildPack([[good], [good, chunk, good]]))
    assert.deepEqual(problem?.chunks, { first: 2, count: 1 })
    assert.equal(problem?.frame, 1)
    assert.equal(more.length, 0)
    assert.deepEqual(await verify(buildPack([[good], [chunk]]), false), [])
  }
})

test('deltas are checked by what they give, if the caller can tell', async () => {
  const raw = recordsOf(3, 4000)
  const bytes = buildPack([[deltaChunk(raw, randomBytesFrom(1, 30))]])
  const verifyWith = (resolveDelta: (payload: Uint8Array, rawBytes: number) => Promise<Uint8Array>) =>
    verifyPack(readerOf(bytes), packId, bytes.length, { full: true, resolveDelta })
  assert.deepEqual(await verify(bytes), [])
  assert.deepEqual(
    await verifyWith(async (payload, rawBytes) => {
      assert.equal(payload.length, 30)
      return raw.subarray(0, rawBytes)
    }),
    [],
  )
  const chunks = { first: 0, count: 1 }
  const [other] = await verifyWith(async () => raw.subarray(1))
  assert.deepEqual(other?.chunks, chunks)
  const [missing] = await verifyWith(async () => {
    throw new WaymarkError('corrupt', { message: 'its base is gone', means: '', remedy: '' })
  })
  assert.deepEqual({ reason: missing?.reason, chunks: missing?.chunks }, { reason: 'its base is gone', chunks })
})

test('an error of reading is not taken for damage', async () => {
  const fault = new Error('EIO')
  const read = async () => {
    throw fault
  }
  await assert.rejects(verifyPack(read, packId, pack.length, { full: true }), fault)
})
