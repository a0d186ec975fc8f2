import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from 'waymark'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { noChunkIndex } from '../../src/chunks/chunk-index.ts'
import { PackReader } from '../../src/format/pack-reader.ts'
import type { PackChunk } from '../../src/format/pack-table.ts'
import { parseParity } from '../../src/format/parity.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { buildPack, readerOf } from '../format/pack-building.ts'
import { hastyClock } from './trial/hasty-clock.ts'
import { DamagedWorld } from './verify-world.ts'

/** Writes a pack anew, every checksum right, with other chunks. */
async function forge(world: DamagedWorld, pack: string, change: (chunk: PackChunk, number: number) => PackChunk): Promise<void> {
  const bytes = world.bytes(`packs/${pack}.pack`)
  const store: { readonly store: string } = JSON.parse(world.bytes('waymark.json').toString('utf8'))
  const reader = await PackReader.open(readerOf(bytes), pack, bytes.length)
  const frames: PackChunk[][] = []
  for (const [index, { firstChunk }] of reader.frames.entries()) {
    const { chunks } = await PackReader.open(
      async (offset, length) => Buffer.from(bytes.subarray(offset, offset + length)),
      pack,
      bytes.length,
    ).then(fresh => fresh.readFrame(index))
    frames.push(
      chunks.map((chunk, at) =>
        change({ ...chunk, payload: Buffer.from(chunk.payload), digest: Buffer.from(chunk.digest) }, firstChunk + at),
      ),
    )
  }
  world.write(`packs/${pack}.pack`, buildPack(frames, { codec: 'zstd' }, pack, store.store))
}

const largest = (world: DamagedWorld): string => world.files('packs', '.pack')[0]?.slice(0, -5) ?? ''

test('a chunk whose bytes are not those of its digest is found though every checksum around it is right', async t => {
  const world = await DamagedWorld.make(t)
  const pack = largest(world)
  await forge(world, pack, (chunk, number) => {
    if (number === 2) chunk.payload[0] = (chunk.payload[0] ?? 0) ^ 1
    return chunk
  })
  const report = await world.use(store => store.verify({ full: true }))
  assert.deepEqual(
    report.problems.map(({ kind, name }) => [kind, name]),
    [['pack', pack]],
  )
  assert.match(report.problems[0]?.message ?? '', /chunk 2 of pack .* another digest/)
  const repaired = await world.use(store => store.repair())
  assert.deepEqual(repaired.actions.filter(({ kind }) => kind === 'pack').map(({ does }) => does).length, 1)
  assert.equal(await world.use(async store => (await store.verify({ full: true })).ok), true)
})

test('chunks that are in themselves right, but not those that were saved, are found also by a quick verification', async t => {
  const world = await DamagedWorld.make(t)
  const pack = largest(world)
  await forge(world, pack, (chunk, number) => {
    if (number !== 2) return chunk
    chunk.payload[0] = (chunk.payload[0] ?? 0) ^ 1
    return { ...chunk, digest: createHash('sha256').update(chunk.payload).digest() }
  })
  const report = await world.use(store => store.verify())
  const kinds = new Set(report.problems.map(({ kind }) => kind))
  assert.ok(kinds.has('checkpoint'), JSON.stringify(report.problems))
  assert.match(report.problems.find(({ kind }) => kind === 'checkpoint')?.message ?? '', /not those that were saved/)
  await world.use(async store => {
    for (const { id } of report.damaged) await assert.rejects(store.load(id), { code: 'corrupt' })
  })
})

test('a catalog that is sound but does not say what the log says is named, and built anew by a repair', async t => {
  const world = await DamagedWorld.make(t)
  const catalog = await openSqliteCatalog(join(world.path, 'catalog.sqlite'))
  await catalog.apply([{ kind: 'delete-checkpoint', id: 'chosen' }], { marks: new Map(), heads: new Map() })
  await catalog.close()
  await world.use(async store => {
    assert.deepEqual(
      (await store.verify()).problems.map(({ kind, message }) => [kind, message]),
      [['catalog', 'the catalog does not agree with the log']],
    )
    await assert.rejects(store.load('chosen'), { code: 'not_found' })
    const { actions } = await store.repair()
    assert.deepEqual(
      actions.map(({ kind, does }) => [kind, does]),
      [['catalog', 'rebuild']],
    )
    assert.deepEqual((await store.load('chosen')).value, world.get('chosen').value)
    assert.equal((await store.verify()).ok, true)
  })
})

test('parity is durable before its pack has a name, and is of that pack', async () => {
  const disk = new SimulatedDisk()
  const store = await open({
    path: '/disk/.waymark',
    parity: true,
    components: {
      files: disk.process('saver'),
      clock: hastyClock(),
      random: seededRandom(1),
      openCatalog: () => openSqliteCatalog(':memory:'),
      openChunkIndex: () => noChunkIndex,
    },
  })
  await store.save({ value: Buffer.from(seededRandom(2).bytes(2_000_000)) })
  await store.close()
  const steps = disk.operations.flatMap(({ kind, path }) => {
    const [, end] = /packs\/[^/]*?\.(par|pack)(\.tmp)?$/.exec(path) ?? []
    return end !== undefined && (kind === 'sync' || kind === 'rename') ? [`${kind} ${end}`] : []
  })
  assert.deepEqual(steps, ['sync par', 'rename par', 'sync pack', 'rename pack'])
  const files = disk.process('reader')
  const [par = ''] = (await files.list('/disk/.waymark/packs')).filter(name => name.endsWith('.par'))
  const file = await files.open(`/disk/.waymark/packs/${par}`, 'read')
  const parity = parseParity(await file.read(0, 10_000_000), par.slice(0, -4))
  assert.equal(parity.packBytes, (await files.stat(`/disk/.waymark/packs/${par.slice(0, -4)}.pack`))?.size)
})
