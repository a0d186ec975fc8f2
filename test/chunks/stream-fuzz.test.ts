import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StreamReader } from '../../src/chunks/stream-reader.ts'
import { decodeManifest, encodeManifest, type Manifest } from '../../src/format/manifest.ts'
import { decodeOutline, encodeOutline } from '../../src/format/outline.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { mutated, onlyTypedErrors } from '../format/hostile-bytes.ts'
import { ChunkWorld } from './chunk-world.ts'

test('[X7] a manifest that claims more than its packs hold is refused before room is made for it', async () => {
  const world = await ChunkWorld.make()
  const saved = await world.save(seededRandom(1).bytes(20_000))
  const manifest = decodeManifest(saved.content.manifest)
  const [run] = manifest.runs
  assert.ok(run !== undefined)
  const claims: readonly Partial<typeof run>[] = [
    { bytes: 2 ** 50 },
    { count: 1e9 },
    { count: 1e9, bytes: 2 ** 50 },
    { first: 1e9 },
    { bytes: 3 * 2 ** 30 },
  ]
  for (const claim of claims) {
    const before = process.memoryUsage().arrayBuffers
    const content = { ...saved.content, manifest: encodeManifest({ ...manifest, runs: [{ ...run, ...claim }] }) }
    await assert.rejects(world.load(content), error => isWaymarkError(error, 'corrupt'), JSON.stringify(claim))
    await assert.rejects(world.reread({ ...saved, content }), error => isWaymarkError(error, 'corrupt'))
    assert.ok(process.memoryUsage().arrayBuffers - before < 64 << 20, JSON.stringify(claim))
  }
})

test('[X7] a manifest that is kept as chunks and claims to be huge is refused', async () => {
  const world = await ChunkWorld.make()
  const saved = await world.save(seededRandom(2).bytes(20_000))
  const manifest = decodeManifest(saved.content.manifest)
  for (const list of [manifest.runs.map(run => ({ ...run, bytes: 2 ** 45 })), manifest.runs]) {
    const content = { ...saved.content, manifest: encodeManifest({ ...manifest, runs: list, list: true }) }
    await assert.rejects(world.store.open(content), error => isWaymarkError(error, 'corrupt'))
  }
})

test('[X7] damaged manifests and packs give the bytes that were saved, or corrupt: nothing else', async () => {
  const world = await ChunkWorld.make()
  const bytes = Buffer.from(seededRandom(3).bytes(30_000))
  const first = await world.save(bytes)
  const edited = Buffer.from(bytes)
  edited.write('edited', 9_000)
  const second = await world.save(edited, { parent: first })
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.boolean(), async (seed, inManifest) => {
      const { manifest, pack } = second.content
      assert.ok(pack !== undefined)
      const content = inManifest
        ? { ...second.content, manifest: mutated(manifest, seed) }
        : { ...second.content, pack: mutated(pack, seed) }
      try {
        const { reader } = await world.store.open(content)
        const digest: Uint8Array[] = []
        for await (const chunk of reader.chunks()) digest.push(chunk.digest)
        // The right chunks in the right order, or another digest than the checkpoint's, which its reader compares.
        await reader.read(0, reader.length)
      } catch (error) {
        if (!isWaymarkError(error, 'corrupt') && !isWaymarkError(error, 'unsupported')) throw error
      }
    }),
    { numRuns: 1_500 },
  )
})

test('[X7] an outline that is damaged is refused or only misleads within the stream', () => {
  const outline = {
    keys: [
      { key: 'a', length: 5_000 },
      { key: 'b', length: 9_000 },
    ],
    root: {
      key: undefined,
      at: 0,
      length: 14_010,
      marks: [3, 100],
      extents: [{ key: 'b', at: 5_003, length: 8_990, marks: [], extents: [] }],
    },
  }
  const whole = encodeOutline(outline)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 150 }), bytes => void onlyTypedErrors(() => decodeOutline(bytes, 14_010))),
    { numRuns: 2_000 },
  )
  fc.assert(
    fc.property(fc.integer(), seed => {
      const read = onlyTypedErrors(() => decodeOutline(mutated(whole, seed), 14_010))
      if (read !== undefined) assert.ok(read.root.at + read.root.length <= 14_010)
    }),
    { numRuns: 3_000 },
  )
})

test('[X7] a chunk that goes beyond what its reader was asked for is not read', async () => {
  const world = await ChunkWorld.make()
  const saved = await world.save(seededRandom(4).bytes(20_000))
  const manifest: Manifest = decodeManifest(saved.content.manifest)
  const [run] = manifest.runs
  assert.ok(run !== undefined)
  const doubled = new StreamReader(world.store.shelf, { ...manifest, runs: [{ ...run, pack: 7 }] })
  await assert.rejects(doubled.read(0, 100), error => isWaymarkError(error, 'corrupt'))
})
