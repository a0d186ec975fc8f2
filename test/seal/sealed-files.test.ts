import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import type { FileSystem } from '../../src/files/file-system.ts'
import { unopenedFrom } from '../../src/log/segment-seals.ts'
import { newDataKey } from '../../src/seal/data-key.ts'
import {
  longBlock,
  blockOffset as offsetOf,
  sealedBlockLength as sealedLengthOf,
  shortBlock,
} from '../../src/seal/sealed-blocks.ts'
import { createSealed, openSealed, type SealedFilesOptions, sealedFiles } from '../../src/seal/sealed-files.ts'
import { SealedReader } from '../../src/seal/sealed-reader.ts'
import { Seals } from '../../src/seal/seals.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'

const storeId = '6z12n38x990b6ymt1d4f2y5ap4'
const blockLength = longBlock
const sealedBlockLength = sealedLengthOf(blockLength)
const blockOffset = (index: number): number => offsetOf(index, blockLength)

function sealsOf(seed: number): Seals {
  const keys = {
    dataKeys: [newDataKey(seededRandom(seed), 1)],
    nameSecret: seededRandom(seed + 1).bytes(32),
    acceptsPlain: true,
    generation: 0,
  }
  return new Seals(keys, async () => keys)
}

async function sealedDisk(seed: number, keys = sealsOf(seed)) {
  const plain = new SimulatedDisk().process('p')
  for (const folder of ['/s/packs', '/s/segments', '/s/other']) await plain.makeDirectory(folder)
  const options: SealedFilesOptions = { files: plain, root: '/s', storeId, seals: keys, random: seededRandom(seed + 2) }
  return { plain, files: sealedFiles(options), keys, options }
}

async function readWhole(files: FileSystem, path: string): Promise<Buffer> {
  const file = await files.open(path, 'read')
  try {
    return Buffer.from(await file.read(0, (await file.stat()).size))
  } finally {
    await file.close()
  }
}

async function write(files: FileSystem, path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const file = await files.open(path, 'create')
  let at = 0
  for (const piece of pieces) {
    await file.write(piece, at)
    at += piece.length
  }
  await file.sync()
  await file.close()
}

/** Writes the bytes of a file anew. */
async function overwrite(files: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  await files.remove(path)
  await write(files, path, [bytes])
}

test('E6 a sealed file reads at every place as the plain one would, in whatever pieces it was written', async () => {
  const { files, plain } = await sealedDisk(1)
  let n = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(3 * blockLength), { maxLength: 4 }),
      fc.array(fc.tuple(fc.nat(5 * blockLength), fc.nat(3 * blockLength)), { maxLength: 8 }),
      async (lengths, reads) => {
        const path = `/s/packs/${n++}.pack`
        const pieces = lengths.map(length => seededRandom(length + n).bytes(length))
        const content = Buffer.concat(pieces)
        await write(files, path, pieces)
        assert.equal((await files.stat(path))?.size, content.length)
        const file = await files.open(path, 'read')
        for (const [at, length] of reads) {
          assert.ok(
            content.subarray(at, at + length).equals(await file.read(at, length)),
            `${at} + ${length} of ${content.length}`,
          )
        }
        await file.close()
        const stored = await readWhole(plain, path)
        for (let at = 0; at + 32 <= content.length; at += 4096) assert.ok(!stored.includes(content.subarray(at, at + 32)))
      },
    ),
    {
      numRuns: 40,
      examples: [
        [[], []],
        [[blockLength], [[0, blockLength]]],
        [[blockLength, 2 * blockLength], []],
      ],
    },
  )
})

test('E6 writes that overtake each other stand in the order of their places; a gap is refused', async () => {
  const { files } = await sealedDisk(2)
  const content = seededRandom(5).bytes(50_000)
  const file = await files.open('/s/packs/a.pack', 'create')
  const places = [40_000, 10_000, 0, 20_000].map(at => [at, content.subarray(at, at === 20_000 ? 40_000 : at + 10_000)] as const)
  await Promise.all(places.map(([at, bytes]) => file.write(bytes, at)))
  await file.sync()
  await file.close()
  assert.ok((await readWhole(files, '/s/packs/a.pack')).equals(content))

  const gap = await files.open('/s/packs/b.pack', 'create')
  const late = gap.write(content, 10)
  late.catch(() => {})
  await assert.rejects(gap.sync(), { code: 'EINVAL' })
})

test('E6 every flipped bit, cut, exchanged and moved block of a sealed file is found: no byte of it is taken for content', async () => {
  const { files, plain } = await sealedDisk(3)
  // No zeros, so that a block which reads as zeros is seen.
  const content = Buffer.from(
    seededRandom(7)
      .bytes(2 * blockLength + 40)
      .map(byte => byte | 1),
  )
  for (const path of ['/s/packs/a.pack', '/s/packs/b.pack']) await write(files, path, [content])
  const good = await readWhole(plain, '/s/packs/a.pack')
  const other = await readWhole(plain, '/s/packs/b.pack')
  assert.ok(!good.equals(other), 'no two files have the same keys')
  /** What is read of these bytes: each block its own, or zeros. */
  const expectLost = async (bytes: Buffer, lost: readonly number[], what: string): Promise<void> => {
    await overwrite(plain, '/s/packs/a.pack', bytes)
    const read = await readWhole(files, '/s/packs/a.pack')
    const expected = Buffer.from(content)
    for (const block of lost) expected.fill(0, block * blockLength, Math.min(expected.length, (block + 1) * blockLength))
    assert.ok(read.equals(expected), what)
  }
  const flips = [0, 1, 2].flatMap(block =>
    [0, 11, 12, 200, 5000].map(at => [block, blockOffset(block) + Math.min(at, 60)] as const),
  )
  for (const [block, at] of [...flips, [0, blockOffset(1) - 1], [2, good.length - 1]] as const) {
    const bytes = Buffer.from(good)
    bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at)
    await expectLost(bytes, [block], `byte ${at}`)
  }
  const exchanged = Buffer.from(good)
  good.copy(exchanged, blockOffset(0), blockOffset(1), blockOffset(2))
  good.copy(exchanged, blockOffset(1), blockOffset(0), blockOffset(1))
  await expectLost(exchanged, [0, 1], 'two blocks exchanged')
  const replaced = Buffer.from(good)
  other.copy(replaced, blockOffset(1), blockOffset(1), blockOffset(2))
  await expectLost(replaced, [1], 'a block of another file at the same place')

  await overwrite(plain, '/s/packs/a.pack', good.subarray(0, blockOffset(2)))
  const cut = await readWhole(files, '/s/packs/a.pack')
  assert.ok(
    cut.subarray(blockLength).every(byte => byte === 0),
    'a block that was not the last one does not end a file',
  )
  // In the header: never plain text either.
  for (let at = 0; at < 64; at++) {
    const bytes = Buffer.from(good)
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    await overwrite(plain, '/s/packs/a.pack', bytes)
    assert.ok(!(await readWhole(files, '/s/packs/a.pack')).includes(content.subarray(100, 116)), `byte ${at} of the header`)
  }
})

test('E6 of a sealed segment what does not open reads as zeros and is told, also where it is cut; one of an unknown key says which', async () => {
  const { files, plain } = await sealedDisk(4)
  const content = seededRandom(8).bytes(3 * blockLength)
  await write(files, '/s/packs/a.pack', [content])
  await plain.rename('/s/packs/a.pack', '/s/segments/a.seg')
  const good = await readWhole(plain, '/s/segments/a.seg')
  const look = async (bytes: Uint8Array) => {
    await overwrite(plain, '/s/segments/a.seg', bytes)
    const file = await files.open('/s/segments/a.seg', 'read')
    const read = Buffer.from(await file.read(0, (await file.stat()).size))
    const told = await Promise.all(
      [0, blockLength, blockLength + 5, 2 * blockLength, 9 * blockLength].map(from => unopenedFrom(file, from)),
    )
    await file.close()
    return { read, told }
  }
  const none = undefined
  assert.deepEqual(await look(good), { read: Buffer.from(content), told: [none, none, none, none, none] })
  for (const block of [0, 1, 2]) {
    const bytes = Buffer.from(good)
    bytes.writeUInt8(bytes.readUInt8(blockOffset(block) + 20) ^ 1, blockOffset(block) + 20)
    const from = block * blockLength
    const expected = Buffer.from(content).fill(0, from, from + blockLength)
    const told = [0, blockLength, blockLength + 5, 2 * blockLength, 9 * blockLength].map(at =>
      at < from + blockLength ? Math.max(at, from) : none,
    )
    assert.deepEqual(await look(bytes), { read: expected, told }, `block ${block}`)
  }
  // At the end of a block, within one, and where no sealed file can end; with not a byte of content left, too.
  for (const length of [blockOffset(1), blockOffset(1) + 5000, blockOffset(1) + 3, 64 + 28, 64 + 27, 64]) {
    const { read, told } = await look(good.subarray(0, length))
    const from = told[0] ?? assert.fail(`cut at ${length} and not told`)
    assert.ok(read.equals(Buffer.concat([content.subarray(0, from), Buffer.alloc(read.length - from)])), `cut at ${length}`)
    assert.ok(from <= read.length, `cut at ${length}`)
  }

  const stranger = sealedFiles({ files: plain, root: '/s', storeId, seals: (await sealedDisk(99)).keys, random: seededRandom(1) })
  await overwrite(plain, '/s/segments/a.seg', good)
  const unknown = await stranger.open('/s/segments/a.seg', 'read')
  assert.match(unknown.refused ?? '', /data key [0-9a-f]{20}/)
  assert.deepEqual(Buffer.from(await unknown.read(0, content.length + 1)), Buffer.alloc(content.length))
  await unknown.close()
})

test('E6 files of folders that are not sealed, and plain ones from before, are read as they are', async () => {
  const { files, plain } = await sealedDisk(6)
  await write(files, '/s/other/x', [Buffer.from('hello')])
  assert.equal((await readWhole(plain, '/s/other/x')).toString(), 'hello')
  await write(plain, '/s/packs/old.pack', [Buffer.from('from before')])
  assert.equal((await readWhole(files, '/s/packs/old.pack')).toString(), 'from before')
  assert.equal((await files.stat('/s/packs/old.pack'))?.size, 11)
})

test('E6 no two blocks of any files of one data key are sealed with the same key and nonce, forks and restored copies included', async () => {
  // Two processes that go on from one image of the memory: the same keys, the same randomness.
  const { keys } = await sealedDisk(10)
  const seen = new Map<string, string>()
  for (const branch of ['left', 'right', 'left again']) {
    const { files, plain } = await sealedDisk(10, keys)
    for (const n of [1, 2]) {
      await write(files, `/s/packs/${n}.pack`, [Buffer.alloc(3 * blockLength, branch.slice(0, 4) + n)])
      const bytes = await readWhole(plain, `/s/packs/${n}.pack`)
      for (let at = 64; at < bytes.length; at += sealedBlockLength) {
        // The salt stands for the key of the file.
        const key = bytes.toString('hex', 32, 48) + bytes.toString('hex', at, at + 12)
        const block = bytes.toString('hex', at, at + sealedBlockLength)
        assert.ok((seen.get(key) ?? block) === block, `${branch}: a nonce again, for other bytes`)
        seen.set(key, block)
      }
    }
  }
  assert.equal(seen.size, 2 * 2 * 3)
})

test('E6 a segment is sealed in short blocks, other files in long ones; both kinds read at every place as the plain file would', async () => {
  const { plain, files, options } = await sealedDisk(12)
  const content = Buffer.from(seededRandom(13).bytes(5 * longBlock + 77))
  const kinds = [
    ['/s/packs/a.pack', longBlock],
    ['/s/segments/a.seg', shortBlock],
  ] as const
  for (const [path, length] of kinds) {
    const made = await createSealed(options, path)
    await made.write(content, 0)
    await made.sync()
    await made.close()
    const stored = await readWhole(plain, path)
    assert.equal(stored.readUInt32LE(12), length)
    assert.equal(stored.length, 64 + content.length + 28 * Math.ceil(content.length / length))
    assert.equal((await files.stat(path))?.size, content.length)
    const file = await openSealed(options, path, true)
    const random = seededRandom(14)
    // Several at once, of which one begins where another ends.
    for (let round = 0; round < 30; round++) {
      const places = [0, 1, 2, 3]
        .map(() => [...random.bytes(6)])
        .map(([a = 0, b = 0, c = 0, d = 0]) => [(a << 10) + b, (c << 8) + d] as const)
      const [first = 0, firstLength = 0] = places[0] ?? []
      const reads = [...places, [first + firstLength, 70_000] as const].map(async ([at, length]) => {
        assert.ok(content.subarray(at, at + length).equals(await file.read(at, length)), `${path}: ${at} + ${length}`)
      })
      await Promise.all(reads)
    }
    await file.close()
  }
})

test('E6 a read over many blocks gives every byte of those that open, whether it is done at once or in several goes, and tells the one that does not', async () => {
  const { plain, files } = await sealedDisk(15)
  const content = Buffer.from(seededRandom(16).bytes(21 * longBlock + 5))
  await write(files, '/s/packs/a.pack', [content])
  const damaged = await readWhole(plain, '/s/packs/a.pack')
  const at = 64 + 17 * (longBlock + 28) + 20
  damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
  await overwrite(plain, '/s/packs/a.pack', damaged)
  const expected = Buffer.from(content).fill(0, 17 * longBlock, 18 * longBlock)
  const file = await files.open('/s/packs/a.pack', 'read')
  const places = [
    [0, content.length],
    [100, 17 * longBlock],
    [3 * longBlock - 1, 16 * longBlock + 1],
    [3 * longBlock - 1, 16 * longBlock + 2],
    [16 * longBlock + 1, 3 * longBlock],
  ] as const
  for (const [from, length] of places)
    assert.ok(expected.subarray(from, from + length).equals(await file.read(from, length)), `${from} + ${length}`)
  assert.deepEqual(file instanceof SealedReader && file.unopenedBlocks, [17])
  await file.close()
})

test('E6 a header that says other blocks than were sealed opens none of them; of a length that this version does not know the file is refused', async () => {
  const { plain, files, options } = await sealedDisk(15)
  const content = Buffer.alloc(longBlock + 100, 2)
  await write(files, '/s/packs/a.pack', [content])
  const good = await readWhole(plain, '/s/packs/a.pack')
  const saying = (length: number): Buffer => {
    const bytes = Buffer.from(good)
    bytes.writeUInt32LE(length, 12)
    createHash('sha256').update(bytes.subarray(0, 48)).digest().copy(bytes, 48, 0, 16)
    return bytes
  }
  await overwrite(plain, '/s/packs/a.pack', saying(longBlock))
  assert.ok((await readWhole(files, '/s/packs/a.pack')).equals(content))
  await overwrite(plain, '/s/packs/a.pack', saying(shortBlock))
  assert.ok((await readWhole(files, '/s/packs/a.pack')).every(byte => byte === 0))
  for (const length of [0, 1, 32_768, 2 ** 32 - 1]) {
    await overwrite(plain, '/s/packs/a.pack', saying(length))
    await assert.rejects(openSealed(options, '/s/packs/a.pack', false), { code: 'unsupported' })
  }
})

/** Files whose writes take other bytes than those given if they change before a turn of the event loop is over, and may overtake each other. */
function slowFiles(plain: FileSystem): FileSystem {
  let turns = 0
  return {
    ...plain,
    open: async (path, mode) => {
      const file = await plain.open(path, mode)
      return {
        read: (position, length) => file.read(position, length),
        sync: () => file.sync(),
        truncate: length => file.truncate(length),
        stat: () => file.stat(),
        close: () => file.close(),
        async write(bytes, position) {
          for (let turn = turns++ % 3; turn >= 0; turn--) await setImmediate()
          await file.write(bytes, position)
        },
      }
    },
  }
}

test('E6 a sealed file is whole, although one part of it is written while the next is sealed', async () => {
  const { plain, files, options } = await sealedDisk(19)
  for (const pieces of [[10], [70_000, 1, 200_000, 5], Array.from({ length: 12 }, (_, i) => 60_000 + i * 9_000), [3 << 20]]) {
    const path = `/s/packs/${pieces.length}-${pieces[0]}.pack`
    const content = Buffer.from(seededRandom(20).bytes(pieces.reduce((sum, length) => sum + length, 0)))
    const file = await createSealed({ ...options, files: slowFiles(plain) }, path)
    let at = 0
    for (const length of pieces) {
      // Whoever gave the bytes may use their memory again.
      const piece = Buffer.from(content.subarray(at, at + length))
      await file.write(piece, at)
      piece.fill(0)
      at += length
    }
    await file.sync()
    assert.ok((await readWhole(files, path)).equals(content), `${pieces.length} pieces`)
    await file.close()
  }
})

test('E6 a plain file under the name of the image of the catalog is nobody’s, also where plain files are accepted', async () => {
  const { plain, files } = await sealedDisk(21)
  await write(plain, '/s/packs/old.pack', [Buffer.from('from before')])
  assert.equal((await readWhole(files, '/s/packs/old.pack')).toString(), 'from before')
  await write(plain, '/s/catalog.sealed', [Buffer.alloc(200, 1)])
  await assert.rejects(readWhole(files, '/s/catalog.sealed'), { code: 'corrupt' })
})

test('E6 what a sealed file could not write is told by a later write or the sync, and by every one after it', async () => {
  const { plain, options } = await sealedDisk(17)
  const full = new Error('ENOSPC')
  let written = 0
  const failing: FileSystem = {
    ...plain,
    open: async (path, mode) => {
      const file = await plain.open(path, mode)
      return new Proxy(file, {
        get(target, name) {
          if (name === 'write' && written++ === 1) return () => Promise.reject(full)
          const value: unknown = Reflect.get(target, name)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
  for (const more of [0, 4]) {
    written = 0
    const file = await createSealed({ ...options, files: failing }, `/s/packs/${more}.pack`)
    const bytes = seededRandom(18).bytes(3 * longBlock)
    await file.write(bytes, 0)
    await file.write(bytes, bytes.length).catch(() => {})
    const later = await Promise.allSettled(Array.from({ length: more }, (_, i) => file.write(bytes, (i + 2) * bytes.length)))
    assert.equal(later.at(-1)?.status ?? 'rejected', 'rejected')
    await assert.rejects(file.sync(), full)
    await assert.rejects(file.sync(), full)
    await assert.rejects(file.close(), full)
  }
})
