import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { healPack, type PackHealing } from '../../src/format/heal-pack.ts'
import { ParityBuilder, parityBlockBytes } from '../../src/format/parity.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { buildPack, fullChunk, packId, randomBytesFrom, readAll, readerOf, smallPack, storeId } from './pack-building.ts'

function parityOf(pack: Uint8Array, maxPackBytes = pack.length, pieceBytes = 100_000): Buffer {
  const builder = new ParityBuilder(packId, storeId, maxPackBytes)
  for (let at = 0; at < pack.length; at += pieceBytes) builder.add(pack.subarray(at, at + pieceBytes))
  return Buffer.concat(builder.finish())
}

const heal = (pack: Uint8Array, parity: Uint8Array) => healPack(readerOf(pack), packId, pack.length, parity, storeId)

function mended(pack: Uint8Array, { packBytes, healed }: PackHealing): Buffer {
  const whole = Buffer.alloc(packBytes)
  whole.set(pack.subarray(0, packBytes))
  for (const { offset, bytes } of healed) whole.set(bytes, offset)
  return whole
}

// 48 blocks, so that there are two groups; the last block holds the end of the last frame, the footer and the trailer.
const large = buildPack(
  Array.from({ length: 12 }, (_, index) => [fullChunk(randomBytesFrom(index + 1, 258_000))]),
  { codec: 'none' },
)
const largeParity = parityOf(large)

test('an intact pack needs nothing', async () => {
  assert.deepEqual(await heal(large, largeParity), { packBytes: large.length, healed: [], unhealed: [] })
})

test('any one block that is destroyed comes back, the last one with footer and trailer too', async () => {
  assert.equal(Math.ceil(large.length / parityBlockBytes), 48)
  assert.ok(large.length % parityBlockBytes > 64 && large.length % parityBlockBytes < parityBlockBytes - 1000)
  for (let offset = 0; offset < large.length; offset += parityBlockBytes) {
    const until = Math.min(offset + parityBlockBytes, large.length)
    const damaged = Buffer.from(large).fill(0xdb, offset, until)
    const healing = await heal(damaged, largeParity)
    assert.deepEqual(
      healing.healed.map(block => block.offset),
      [offset],
    )
    assert.ok(mended(damaged, healing).equals(large), `block at ${offset}`)
  }
})

test('64 KiB destroyed anywhere, across two blocks, come back', async () => {
  for (const offset of [1, 30_000, 65_535, 1_000_000, large.length - parityBlockBytes, large.length - 70_000]) {
    const damaged = Buffer.from(large).fill(0, offset, offset + parityBlockBytes)
    const healing = await heal(damaged, largeParity)
    assert.equal(healing.healed.length, 2)
    assert.ok(mended(damaged, healing).equals(large), `at ${offset}`)
  }
})

test('a block that holds the end of a frame, the footer and the beginning of the trailer comes back', async () => {
  // The first block ends within the trailer.
  const chunk = fullChunk(randomBytesFrom(1, parityBlockBytes - 96 - 48 - 44 - 32 - 30))
  const pack = buildPack([[chunk]], { codec: 'none' })
  assert.equal(pack.length, parityBlockBytes + 34)
  const parity = parityOf(pack)
  for (const [from, until] of [
    [0, parityBlockBytes],
    [parityBlockBytes, pack.length],
  ] as const) {
    const damaged = Buffer.from(pack).fill(1, from, until)
    const whole = mended(damaged, await heal(damaged, parity))
    assert.ok(whole.equals(pack))
    assert.equal((await readAll(whole)).length, 1)
  }
})

test('a short pack has a parity no longer than itself, and comes back from nothing', async () => {
  const pack = smallPack()
  const parity = parityOf(pack)
  assert.ok(parity.length < pack.length + 200)
  assert.ok(mended(Buffer.alloc(0), await heal(Buffer.alloc(0), parity)).equals(pack))
})

test('a file that lost its tail, or got a longer one, is made whole', async () => {
  const short = large.subarray(0, large.length - 80_000)
  assert.ok(mended(short, await heal(short, largeParity)).equals(large))
  const long = Buffer.concat([large, Buffer.alloc(5000, 3)])
  const healing = await heal(long, largeParity)
  assert.deepEqual(healing, { packBytes: large.length, healed: [], unhealed: [] })
})

test('two damaged blocks of one group are told, not guessed; another group is healed all the same', async () => {
  const damaged = Buffer.from(large)
  for (const block of [3, 9, 4]) damaged[block * parityBlockBytes + 17] = (damaged[block * parityBlockBytes + 17] ?? 0) ^ 1
  const { healed, unhealed } = await heal(damaged, largeParity)
  assert.deepEqual(
    healed.map(({ offset }) => offset),
    [4 * parityBlockBytes],
  )
  assert.deepEqual(unhealed, [
    { offset: 3 * parityBlockBytes, length: parityBlockBytes },
    { offset: 9 * parityBlockBytes, length: parityBlockBytes },
  ])
})

test('a damaged parity file is refused, whichever byte it is', async () => {
  const pack = smallPack()
  const parity = parityOf(pack)
  for (let at = 0; at < parity.length; at++) {
    const damaged = Buffer.from(parity)
    damaged[at] = (parity[at] ?? 0) ^ 1
    await assert.rejects(heal(pack, damaged), error => isWaymarkError(error, 'corrupt') || isWaymarkError(error, 'unsupported'))
  }
  for (let length = 0; length < parity.length; length++) {
    await assert.rejects(heal(pack, parity.subarray(0, length)), { code: 'corrupt' })
  }
})

test('a parity file of another pack or store is refused', async () => {
  const builder = new ParityBuilder('q'.repeat(26), storeId, 1000)
  builder.add(smallPack())
  await assert.rejects(heal(smallPack(), Buffer.concat(builder.finish())), { code: 'corrupt', message: /another pack/ })
  await assert.rejects(healPack(readerOf(large), packId, large.length, largeParity, 'x'.repeat(26)), { code: 'corrupt' })
})

test('wrong numbers in a parity file under a right digest are refused without making room for them [pitfall 14]', async () => {
  const pack = smallPack()
  const parity = parityOf(pack)
  for (let at = 96; at < 120; at += 4) {
    for (const value of [0, 1, 2, 0xffffffff, 0x7fffffff, 65_535, 1 << 20]) {
      const forged = Buffer.from(parity)
      if (forged.readUInt32LE(at) === value) continue
      forged.writeUInt32LE(value, at)
      createHash('sha256')
        .update(forged.subarray(0, -32))
        .digest()
        .copy(forged, forged.length - 32)
      await assert.rejects(heal(pack, forged), { code: 'corrupt' }, `${value} at ${at}`)
    }
  }
})

test('more groups than blocks are refused: each would get room for a block', async () => {
  const pack = smallPack().subarray(0, 1)
  const parity = parityOf(pack)
  // One block of one byte, and parity blocks of one byte for ten thousand groups.
  const forged = Buffer.concat([parity.subarray(0, -32), Buffer.alloc(9999), Buffer.alloc(32)])
  forged.writeUInt32LE(10_000, 112)
  createHash('sha256')
    .update(forged.subarray(0, -32))
    .digest()
    .copy(forged, forged.length - 32)
  await assert.rejects(heal(pack, forged), { code: 'corrupt', message: /contradicts/ })
})

test('a right digest over a wrong parity block heals nothing', async () => {
  const forged = Buffer.from(largeParity)
  const at = forged.length - 32 - parityBlockBytes
  forged[at] = (forged[at] ?? 0) ^ 1
  createHash('sha256')
    .update(forged.subarray(0, -32))
    .digest()
    .copy(forged, forged.length - 32)
  const damaged = Buffer.from(large).fill(0, parityBlockBytes, 2 * parityBlockBytes)
  const { healed, unhealed } = await heal(damaged, forged)
  assert.deepEqual([healed, unhealed], [[], [{ offset: parityBlockBytes, length: parityBlockBytes }]])
})

test('the pieces in which a pack is given do not matter', () => {
  const pack = large.subarray(0, 700_000)
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 200_000 }), pieceBytes => {
      assert.ok(parityOf(pack, pack.length, pieceBytes).equals(parityOf(pack)))
    }),
    { numRuns: 20 },
  )
})

test('a pack shorter or longer than it was said to become has a parity that heals any one block', async () => {
  const blocksOf = (bytes: number) => Math.ceil(bytes / parityBlockBytes)
  for (const length of [0, 1, 65_536, 65_537, 1_000_000, 2_200_000]) {
    for (const bound of [0, 1, 2_100_000, 7 << 20, 33 << 20, 200 << 20]) {
      const pack = large.subarray(0, length)
      const parity = parityOf(pack, bound)
      const groups = parity.readUInt32LE(112)
      const wanted = Math.max(1, Math.ceil(blocksOf(length) / 32))
      assert.ok(groups <= 2 * wanted && (bound < length || groups >= wanted), `${groups} groups for ${length} of ${bound}`)
      const at = Math.floor(length / 2)
      const damaged = Buffer.from(pack)
      if (length > 0) damaged[at] = (damaged[at] ?? 0) ^ 1
      const healing = await heal(damaged, parity)
      assert.ok(mended(damaged, healing).equals(pack))
    }
  }
})
