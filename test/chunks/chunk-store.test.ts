import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ChunkIndex, ChunkIndexEntry } from '../../src/chunks/chunk-index.ts'
import { packKey } from '../../src/chunks/chunk-list.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { type SeededRandom, seededRandom } from '../../src/testing/seeded-random.ts'
import { ChunkWorld, type CommittedBytes } from './chunk-world.ts'

/** Text that compresses, like a state. */
function stateText(random: SeededRandom, bytes: number): Buffer {
  const rows: string[] = []
  for (let length = 0; length < bytes; ) {
    const row = JSON.stringify({ id: rows.length, name: `row ${random.integer(10_000)}`, price: random.integer(1_000_000) / 100 })
    rows.push(row)
    length += row.length + 1
  }
  return Buffer.from(rows.join('\n')).subarray(0, bytes)
}

/** One edit of a state: in place, inserted, removed, moved or doubled. */
function edited(bytes: Buffer, random: SeededRandom): Buffer {
  const at = random.integer(bytes.length)
  const length = Math.min(1 + random.integer(random.bool(0.8) ? 64 : 20_000), bytes.length - at)
  const fresh = stateText(random, length)
  switch (random.integer(5)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), fresh, bytes.subarray(at + length)])
    case 1:
      return Buffer.concat([bytes.subarray(0, at), fresh, bytes.subarray(at)])
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    case 3:
      return Buffer.concat([bytes.subarray(at), bytes.subarray(0, at)])
    default:
      return Buffer.concat([bytes, bytes.subarray(at, at + length)])
  }
}

test('[X7 E5] whatever is edited, every save loads back as it was, and has the chunks and the digest of a full one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1e9 }), fc.constantFrom('value', 'blob'), async (seed, kind) => {
      const random = seededRandom(seed)
      const world = await ChunkWorld.make({ seed })
      let bytes = stateText(random, 5_000 + random.integer(400_000))
      let parent: CommittedBytes | undefined
      const all: [CommittedBytes, Buffer][] = []
      for (let round = 0; round < 6; round++) {
        const known = parent === undefined || random.bool(0.5) ? parent : await world.reread(parent)
        const saved = await world.save(bytes, { kind, parent: known })
        const full = await world.save(bytes, { kind, full: true })
        assert.equal(saved.digest, full.digest)
        assert.equal(saved.chunks.count, full.chunks.count)
        all.push([saved, bytes], [full, bytes])
        parent = saved
        const edits = random.integer(4)
        for (let edit = 0; edit < edits; edit++) bytes = edited(bytes, random)
      }
      for (const [saved, expected] of all) assert.ok(expected.equals(await world.load(saved.content)))
    }),
    { numRuns: 25 },
  )
})

test('[E5] an edit costs what was edited: in place, inserted, scattered, removed', async () => {
  const random = seededRandom(7)
  const world = await ChunkWorld.make()
  const bytes = stateText(random, 2 << 20)
  const first = await world.save(bytes)
  assert.ok(first.storedBytes > 200_000, `${first.storedBytes}`)
  const costs = async (changed: Buffer): Promise<number> => (await world.save(changed, { parent: first })).storedBytes
  assert.ok((await costs(bytes)) < 200)
  const oneRow = Buffer.from(bytes)
  oneRow.write('XXXX', 1_000_000)
  assert.ok((await costs(oneRow)) < 700)
  const inserted = Buffer.concat([stateText(random, 1_000), bytes])
  assert.ok((await costs(inserted)) < 2_500)
  const scattered = Buffer.from(bytes)
  for (let i = 0; i < 100; i++) scattered.write('YY', i * 20_000)
  assert.ok((await costs(scattered)) < 30_000)
  assert.ok((await costs(bytes.subarray(0, 1 << 20))) < 12_000)
})

test('[E5] an edit repeated many times never makes a chain: each delta stands on whole chunks', async () => {
  const world = await ChunkWorld.make()
  const bytes = Buffer.from(stateText(seededRandom(3), 100_000))
  let parent = await world.save(bytes)
  let stored = 0
  for (let round = 0; round < 300; round++) {
    bytes.write(`<${round}>`, (round * 331) % 99_000)
    parent = await world.save(bytes, { parent: round % 10 === 0 ? await world.reread(parent) : parent })
    stored += parent.storedBytes
  }
  assert.ok(bytes.equals(await world.load(parent.content)))
  assert.ok(stored < 300 * 1_200, `${stored / 300} bytes a save`)
})

test('[E5] a full save stands on no other: it loads when every other pack is gone', async () => {
  const world = await ChunkWorld.make()
  const bytes = stateText(seededRandom(5), 800_000)
  const first = await world.save(bytes)
  const full = await world.save(bytes, { parent: first, full: true })
  const own = new Set(Array.from({ length: full.chunks.count }, (_, i) => packKey(full.chunks.place(i).pack)))
  for (const name of await world.blobs.list()) if (!own.has(name)) await world.blobs.remove(name)
  await world.store.shelf.clear()
  assert.ok(bytes.equals(await world.load(full.content)))
  await assert.rejects(world.load(first.content), error => isWaymarkError(error, 'corrupt'))
})

test('[X7] what a damaged parent holds is stored anew: a save never stands on a base that cannot be read', async () => {
  const world = await ChunkWorld.make()
  const bytes = stateText(seededRandom(9), 500_000)
  const first = await world.save(bytes)
  const [pack] = await world.blobs.list()
  const file = await world.files.open(`/packs/${pack}.pack`, 'write')
  const middle = Buffer.from(await file.read(60_000, 1))
  await file.write(Buffer.of((middle[0] ?? 0) ^ 1), 60_000)
  await file.close()
  await world.store.shelf.clear()
  const changed = Buffer.from(bytes)
  for (let at = 100; at < changed.length; at += 1_500) changed.write('###', at)
  const second = await world.save(changed, { parent: first })
  assert.ok(changed.equals(await world.load(second.content)))
})

test('[D4] what another checkpoint holds is found through a sample of its chunks, and stored once', async () => {
  const entries = new Map<string, ChunkIndexEntry>()
  const index: ChunkIndex = {
    find: async digests => digests.map(digest => entries.get(Buffer.from(digest).toString('hex'))?.pack),
    add: added => {
      for (const entry of added) entries.set(Buffer.from(entry.digest).toString('hex'), entry)
    },
    close: async () => {},
  }
  const world = await ChunkWorld.make({ index })
  const bytes = stateText(seededRandom(13), 1 << 20)
  await world.save(bytes)
  assert.ok(entries.size > 2 && entries.size < 40, `${entries.size} rows`)
  const again = await world.save(bytes)
  assert.ok(again.storedBytes < 300, `${again.storedBytes}`)
  const within = await world.save(Buffer.concat([stateText(seededRandom(14), 50_000), bytes]))
  assert.ok(within.storedBytes < 60_000, `${within.storedBytes}`)
  const parent = await world.save(stateText(seededRandom(16), 50_000))
  const joined = await world.save(Buffer.concat([stateText(seededRandom(16), 50_000), bytes]), { parent })
  assert.ok(joined.storedBytes < 20_000, `${joined.storedBytes}`)
  const small = stateText(seededRandom(15), 20_000)
  await world.save(small)
  assert.ok((await world.save(small)).storedBytes < 200)
})

test('the index, which other processes read, names nothing of a record that a power cut may still take', async () => {
  const added: ChunkIndexEntry[] = []
  const index: ChunkIndex = {
    find: async digests => digests.map(() => undefined),
    add: entries => void added.push(...entries),
    close: async () => {},
  }
  const world = await ChunkWorld.make({ index })
  const saved = await world.save(stateText(seededRandom(13), 1 << 20), { isDurable: false })
  assert.ok(saved.remember.length > 0)
  assert.deepEqual(added, [])
})

test('a manifest of many runs is kept as chunks itself, and costs little when little changes', async () => {
  const random = seededRandom(17)
  const world = await ChunkWorld.make()
  const bytes = Buffer.from(stateText(random, 20 << 20))
  let parent = await world.save(bytes)
  for (let at = 5_000; at < bytes.length; at += 20_000) bytes.write('@@', at)
  parent = await world.save(bytes, { parent })
  assert.ok(parent.lists !== undefined)
  bytes.write('~~', 6_000_000)
  const last = await world.save(bytes, { parent: await world.reread(parent) })
  assert.ok(last.lists !== undefined)
  assert.ok(last.storedBytes < 9_000, `${last.storedBytes}`)
  assert.ok(bytes.equals(await world.load(last.content)))
})

test('a stream whose chunks ride in its record can be read through again and again', async () => {
  const world = await ChunkWorld.make()
  const bytes = Buffer.from(seededRandom(23).bytes(50_000))
  const saved = await world.save(bytes, { kind: 'blob' })
  assert.ok(saved.content.pack !== undefined)
  for (let round = 0; round < 3; round++) {
    const { reader } = await world.store.open(saved.content)
    const parts: Uint8Array[] = []
    for await (const chunk of reader.chunks()) parts.push(new Uint8Array(chunk.bytes))
    assert.ok(bytes.equals(Buffer.concat(parts)))
  }
})

test('[E4] a part of a stream is read without the rest', async () => {
  const world = await ChunkWorld.make()
  const bytes = stateText(seededRandom(19), 4 << 20)
  const saved = await world.save(bytes)
  const { reader } = await world.store.open(saved.content)
  for (const [offset, length] of [
    [0, 10],
    [3_000_000, 5_000],
    [bytes.length - 3, 3],
    [100, 2_000_000],
  ] as const) {
    assert.ok(bytes.subarray(offset, offset + length).equals(await reader.read(offset, length)))
  }
})
