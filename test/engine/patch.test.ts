import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { open, type Store } from 'waymark'
import { nodeFiles } from '../../src/files/node-files.ts'
import { CatalogPool } from '../../src/testing/catalog-pool.ts'
import { ChunkFacts } from '../../src/testing/chunk-facts.ts'
import { ChunkMachine } from '../../src/testing/chunk-machine.ts'
import { type CrashModel, crashState } from '../../src/testing/crash-states.ts'
import { interceptedFiles } from '../../src/testing/intercepted-files.ts'
import { MemoryChunkIndex } from '../../src/testing/memory-chunk-index.ts'
import { sealsOfTests } from '../../src/testing/sealed-by-tests.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { changeInMemory } from '../format/change-in-memory.ts'
import { withStore } from './with-store.ts'

test('[E9] of a state of 20 MB, a patch of one path stores under 30 KB and reads under 1 MB, also in a process that did not save it', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-patch-'))
  let read = 0
  const files = interceptedFiles(nodeFiles, async ({ kind, length }, perform) => {
    if (kind === 'read') read += length ?? 0
    return perform()
  })
  try {
    const path = join(folder, '.waymark')
    // A sealed file is read in whole blocks of 64 KiB.
    const mostRead = sealsOfTests === undefined ? 1_000_000 : 4_000_000
    const first = await open({ path })
    const value = largeState(235_000)
    const saved = await first.save({ value, stage: 'train' })
    assert.ok(saved.logicalBytes > 20_000_000, `${saved.logicalBytes} bytes`)
    await first.close()
    const store = await open({ path, components: { files } })
    let id = saved.id
    for (const set of [
      { 'metrics.loss': 0.25 },
      { 'rows[100000].name': 'changed' },
      { 'rows[235000]': { id: -1 }, 'settings.added': true },
    ]) {
      read = 0
      const before = await keptBytes(store)
      const patched = await store.patch(id, { set })
      const grown = (await keptBytes(store)) - before
      t.diagnostic(`${Object.keys(set)}: ${read} bytes read, ${patched.storedBytes} stored, ${grown} on the disk`)
      assert.ok(read < mostRead, `${read} bytes read for ${Object.keys(set)}`)
      assert.ok(patched.storedBytes < 30_000 && grown < 30_000, `${patched.storedBytes} bytes stored, ${grown} more on the disk`)
      assert.equal(patched.parent, id)
      changeInMemory(value, Object.entries(set))
      id = patched.id
    }
    assert.deepEqual((await store.load(id)).value, value)
    assert.deepEqual((await store.load(id, { path: 'rows[235000]' })).value, { id: -1 })
    assert.deepEqual((await store.load(saved.id)).value, largeState(235_000))
    const again = await store.save({ value, full: true })
    const { digest } = await store.info(id)
    assert.equal(again.digest, digest, 'the digest is that of the same value saved anew')
    await store.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('[E9] a chain of 200 patches of all kinds is, at each link, what changing in memory gives', async () => {
  await withStore(async (store, folder) => {
    const random = seededRandom(4)
    const value = largeState(2_000)
    let { id } = await store.save({ value, run: 'r', stage: 'chain' })
    let other = store
    for (let link = 0; link < 200; link++) {
      const set: [string, unknown][] = [
        [`rows[${value.rows.length}]`, { id: value.rows.length, name: 'appended', at: new Date(link) }],
        ['metrics.loss', 1 / (link + 1)],
      ]
      if (link % 3 === 0)
        set.push([`rows[${random.integer(1_000)}].name`, 'n'.repeat(random.integer(40))], [`settings.key${link}`, link])
      const remove = link % 4 === 1 ? [`rows[${1_000 + random.integer(900)}]`] : []
      if (link === 100) other = await open({ path: join(folder, '.waymark') })
      const patched = await other.patch(id, { set, remove })
      changeInMemory(value, set, remove)
      assert.equal(patched.parent, id)
      id = patched.id
      if (link % 40 === 39) assert.deepEqual((await other.load(id)).value, value)
    }
    assert.deepEqual((await store.load(id)).value, value)
    assert.equal((await store.save({ value })).digest, (await store.info(id)).digest)
    assert.deepEqual((await store.load(id, { path: `rows[${value.rows.length - 1}]` })).value, value.rows.at(-1))
    const report = await store.verify({ full: true })
    assert.deepEqual(report.problems, [])
    await other.close()
  })
})

test('a patch has the labels of the old one and its metadata too, unless others are given; the old one stays', async () => {
  await withStore(async store => {
    const labels = {
      run: 'r',
      stage: 's',
      type: 'model',
      tags: ['a'],
      metadata: { loss: 1, epoch: 3 },
      description: 'first',
      ttlMs: 1e9,
    }
    const old = await store.save({ value: { a: 1 }, ...labels })
    await store.update(old.id, { tags: ['a', 'later'] })
    const same = await store.patch(old.id, { set: { a: 2 } })
    const { run, stage, type, tags, metadata, description, expiresAt } = same
    assert.deepEqual(
      { run, stage, type, tags, metadata, description, expiresAt },
      {
        run: 'r',
        stage: 's',
        type: 'model',
        tags: ['a', 'later'],
        metadata: labels.metadata,
        description: 'first',
        expiresAt: old.expiresAt,
      },
    )
    const own = await store.patch(same.id, {
      id: 'mine',
      set: new Map([['b', 3]]),
      remove: ['a'],
      stage: 't',
      tags: [],
      metadata: { loss: 2 },
      ttlMs: 5,
    })
    assert.deepEqual(
      [own.id, own.parent, own.run, own.stage, own.tags, own.metadata],
      ['mine', same.id, 'r', 't', [], { loss: 2, epoch: 3 }],
    )
    assert.ok(own.expiresAt !== undefined && own.expiresAt < (old.expiresAt ?? 0))
    assert.deepEqual((await store.load('mine')).value, { b: 3 })
    assert.deepEqual((await store.load(old.id)).value, { a: 1 })
    assert.equal((await store.latest({ run: 'r', stage: 't' }))?.id, 'mine')
  })
})

test('a patch reads its values at once: what is changed afterwards is not in it', async () => {
  await withStore(async store => {
    const { id } = await store.save({ value: { a: 1 } })
    const changing = { deep: [1], bytes: Buffer.alloc(100_000, 'x') }
    const patching = store.patch(id, { set: { a: changing } })
    changing.deep.push(2)
    changing.bytes.fill('y')
    const { value } = await store.load((await patching).id)
    assert.ok(isDeepStrictEqual(value, { a: { deep: [1], bytes: Buffer.alloc(100_000, 'x') } }))
  })
})

test('[E9] small values become large by a patch and large ones small; of an older format they are changed as well', async () => {
  await withStore(async store => {
    const small = await store.save({ value: { rows: [], keep: 'this' } })
    const value = { rows: largeState(500).rows, keep: 'this', leaf: new Uint8Array(200_000).fill(7) }
    const large = await store.patch(small.id, { set: { rows: value.rows, leaf: value.leaf } })
    assert.match(large.digest, /^chunks:/)
    assert.equal(large.digest, (await store.save({ value })).digest)
    const back = await store.patch(large.id, { set: { rows: [] }, remove: ['leaf'] })
    assert.equal(back.digest, small.digest)
    assert.deepEqual([large.parent, back.parent], [small.id, large.id])
  })
  const folder = mkdtempSync(join(tmpdir(), 'waymark-patch-'))
  cpSync(new URL('../format/golden/store-1.0', import.meta.url), join(folder, '.waymark'), { recursive: true })
  const store = await open({ path: join(folder, '.waymark') })
  try {
    let patched = 0
    for (const { id, encoding } of await store.list({ limit: 1_000 })) {
      const { value } = await store.load(id)
      if (encoding !== 'cbor' || typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Map)
        continue
      const { id: next, digest } = await store
        .patch(id, { set: { 'added by a patch': [1] } })
        .catch(() => ({ id: '', digest: '' }))
      if (next === '') continue
      const expected = { ...value, 'added by a patch': [1] }
      assert.deepEqual((await store.load(next)).value, expected)
      assert.equal(digest, (await store.save({ value: expected })).digest)
      patched++
    }
    assert.ok(patched > 0, `${patched} patched`)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('what cannot be patched is refused with its reason, and nothing is saved', async () => {
  await withStore(async store => {
    const { id } = await store.save({ value: largeState(100), id: 'old' })
    const rows = await store.save({ rows: [1, 2] })
    const bytes = await store.save({ bytes: [Buffer.from('x')] })
    const count = (await store.list({ limit: 100 })).length
    const refused: [code: string, patch: () => Promise<unknown>, path?: string][] = [
      ['not_found', () => store.patch('none', { set: { a: 1 } })],
      ['not_found', () => store.patch(id, { set: { 'none.x': 1 } }), 'none.x'],
      ['not_found', () => store.patch(id, { remove: ['settings.none'] }), 'settings.none'],
      ['invalid', () => store.patch(id, { set: { 'rows[101]': 1 } }), 'rows[101]'],
      ['invalid', () => store.patch(id, { set: { 'metrics.loss.x': 1 } }), 'metrics.loss.x'],
      ['invalid', () => store.patch(id, { set: { metrics: 1, 'metrics.loss': 2 } }), 'metrics'],
      ['invalid', () => store.patch(id, { set: { a: () => 1 } }), 'a'],
      ['invalid', () => store.patch(id, {})],
      ['invalid', () => store.patch(id, { set: { a: 1 }, ttlMs: -1 })],
      ['invalid', () => store.patch(id, { set: { 'a..b': 1 } }), 'a..b'],
      ['invalid', () => store.patch(rows.id, { set: { '[0]': 1 } })],
      ['invalid', () => store.patch(bytes.id, { set: { '[0]': 1 } })],
      ['conflict', () => store.patch(id, { set: { a: 1 }, id: 'old' })],
      ['invalid', () => store.patch(id, { set: { a: 1 }, id: 'no/id' })],
    ]
    for (const [code, patch, path] of refused) {
      await assert.rejects(patch(), (error: { code: string; remedy: string; details: { path?: string } }) => {
        assert.equal(error.code, code)
        assert.ok(error.remedy.length > 0)
        if (path !== undefined) assert.equal(error.details.path, path)
        return true
      })
    }
    assert.equal((await store.list({ limit: 100 })).length, count)
    // The id of a patch that was refused for its path is free.
    await assert.rejects(store.patch(id, { set: { 'none.x': 1 }, id: 'free' }))
    assert.equal((await store.patch(id, { set: { a: 1 }, id: 'free' })).id, 'free')
  })
})

test('[X3] after a power cut at any operation of a patch the old one is whole, and the new one is there if it was acknowledged, whole or not at all if not', async () => {
  const disk = new SimulatedDisk()
  const catalogs = new CatalogPool()
  let seed = 1
  const machineOn = (machineDisk: SimulatedDisk): ChunkMachine =>
    new ChunkMachine({
      disk: machineDisk,
      facts: new ChunkFacts(),
      index: new MemoryChunkIndex(),
      catalogs,
      compression: { codec: 'none' },
      nextSeed: () => seed++,
    })
  const store: Store = await machineOn(disk).open()
  const value = largeState(3_000)
  await store.save({ value, id: 'old' })
  const began = disk.lastOperation
  // One that rides in its record, one with a pack of its own.
  const inline: [string, unknown][] = [
    ['rows[1500].name', 'changed'],
    ['added', 1],
  ]
  await store.patch('old', { set: inline, remove: ['rows[0]'], id: 'inline' })
  const acknowledgedInline = disk.lastOperation
  const leaf = seededRandom(9).bytes(150_000)
  await store.patch('inline', { set: { leaf }, id: 'pack' })
  const acknowledgedPack = disk.lastOperation
  await store.close()
  const first = changeInMemory(largeState(3_000), inline, ['rows[0]'])
  const second = changeInMemory(changeInMemory(largeState(3_000), inline, ['rows[0]']), [['leaf', new Uint8Array(leaf)]])
  const random = seededRandom(2)
  const models: readonly CrashModel[] = ['only-synced', 'random-sectors', 'names-before-data', 'names-lost']
  let trials = 0
  for (let operation = began; operation <= acknowledgedPack; operation++) {
    const model = models[trials++ % models.length] ?? 'only-synced'
    const crashed = await machineOn(crashState(disk, operation, model, random)).open()
    const there = new Set((await crashed.list()).map(({ id }) => id))
    assert.ok(
      there.has('old') &&
        (there.has('inline') || operation < acknowledgedInline) &&
        (there.has('pack') || operation < acknowledgedPack),
      `${model} after ${operation}`,
    )
    assert.deepEqual((await crashed.load('old')).value, value)
    if (there.has('inline')) assert.deepEqual((await crashed.load('inline')).value, first)
    if (there.has('pack')) assert.deepEqual((await crashed.load('pack')).value, second)
    await crashed.close()
  }
  assert.ok(trials > 10, `${trials} power cuts`)
  await catalogs.close()
})

/** What the packs and the log take. */
async function keptBytes(store: Store): Promise<number> {
  const { packs, log } = (await store.stats()).physical
  return packs.bytes + log.bytes
}

function largeState(count: number) {
  return {
    settings: { name: 'run', rate: 0.1 } as Record<string, unknown>,
    rows: Array.from({ length: count }, (_, id) => ({
      id,
      name: `row ${Math.imul(id, 0x9e37_79b1)} of the table, with a text that is a little longer`,
      at: new Date(id * 1000),
    })),
    metrics: { loss: 1, steps: [1, 2, 3] },
  }
}
