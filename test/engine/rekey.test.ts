import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { keyFile, type OpenOptions, open, pipeline, type Store } from 'waymark'
import { nodeFiles } from '../../src/files/node-files.ts'
import { delaying, faultyFiles } from '../../src/testing/faulty-files.ts'
import { interceptedFiles } from '../../src/testing/intercepted-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

/** Too large, and too little alike, to be kept in the log: goes into a pack. */
const noise = (seed: number, bytes = 300_000): Buffer => Buffer.from(seededRandom(seed).bytes(bytes))

async function world(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-rekey-'))
  const stores: Store[] = []
  t.after(async () => {
    for (const store of stores) await store.close().catch(() => {})
    await rm(folder, { recursive: true, force: true })
  })
  const path = join(folder, 'store')
  await writeFile(join(folder, 'key'), 'ab01'.repeat(16), { mode: 0o600 })
  const key = keyFile(join(folder, 'key'))
  return {
    path,
    key,
    async openWith(options: OpenOptions = { key }) {
      const store = await open({ path, ...options })
      stores.push(store)
      return store
    },
  }
}

async function allBytes(path: string): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>()
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      found.set(join(entry.parentPath, entry.name).slice(path.length + 1), await readFile(join(entry.parentPath, entry.name)))
  return found
}

/** What is saved by each part of the store: values in the log and in packs with parity, rows, bytes, a run with `each` and a run id, its fork, a repair, requests. */
async function fill(store: Store, runId = 'SECRET-run'): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>()
  const save = async (value: unknown, more: object = {}) => values.set((await store.save({ value, ...more })).id, value)
  await save({ text: 'SECRET-value' }, { tags: ['SECRET-tag'], metadata: { note: 'SECRET-note' } })
  await save({ text: 'SECRET-big', bytes: noise(1) }, { id: 'SECRET-checkpoint' })
  const rows = Array.from({ length: 4_000 }, (_, id) => ({ id, text: `SECRET-row ${noise(id, 30).toString('hex')}` }))
  await save(rows)
  const work = pipeline('SECRET-pipeline', async run =>
    run.each('SECRET-stage', [...Array(20).keys()], async item => ({ item, said: 'SECRET-item' }), {
      key: item => `SECRET-key ${item}`,
    }),
  )
  const report = await work.run({}, { store, runId }).catch((error: unknown) => error)
  assert.ok(!(report instanceof Error), String(report))
  return values
}

async function assertLoads(store: Store, values: ReadonlyMap<string, unknown>): Promise<void> {
  for (const [id, value] of values) assert.deepEqual((await store.load(id)).value, value, id)
}

const count = async (store: Store): Promise<number> => (await store.list({})).length

/** 26 characters, as the names in a sealed store: an id of its own all the same. */
const longRunId = '01hv3k9x7q2m4a8b6c5d1e0f9g'

test('E6 X2 a rekey seals what is plain from before: nothing planted is found in any byte or name, and everything is there as before', async t => {
  const { path, key, openWith } = await world(t)
  const plain = await openWith({ parity: true })
  const values = await fill(plain)
  const run = pipeline('long id', async run => run.each('s', [1, 2], async item => item, { key: String }))
  await run.run({}, { store: plain, runId: longRunId })
  await plain.initKeys(key)
  await plain.close()
  const store = await openWith()
  const later = await store.save({ value: { text: 'SECRET-later' } })
  const before = await store.list({})
  const planted = [...(await allBytes(path))].filter(([name, bytes]) => name.includes('SECRET') || bytes.includes('SECRET'))
  assert.ok(planted.length >= 4, 'nothing was planted')
  const told: number[] = []
  const report = await store.rekey({ onProgress: ({ done, total }) => told.push(done / total) })
  assert.deepEqual([report.complete, report.left], [true, []])
  assert.ok(report.files >= 4 && report.claims >= 2 && report.bytes > 300_000, JSON.stringify(report))
  assert.equal(told.at(-1), 1)
  assert.ok(told.every(one => one >= 0 && one <= 1))
  const found = [...(await allBytes(path))].filter(([name, bytes]) => name.includes('SECRET') || bytes.includes('SECRET'))
  assert.deepEqual(
    found.map(([name]) => name),
    [],
  )
  assert.deepEqual(
    [...(await allBytes(path)).keys()].filter(name => name.includes(longRunId)),
    [],
  )
  const keys = await store.keys()
  assert.deepEqual([keys.acceptsPlain, keys.dataKeys.map(({ id }) => id)], [false, [report.dataKey]])
  const check = await store.checkKeys()
  assert.deepEqual([check.ok, check.plain.files], [true, 0])
  for (const one of [store, await openWith()]) {
    await assertLoads(one, values)
    assert.deepEqual((await one.load(later.id)).value, { text: 'SECRET-later' })
    assert.deepEqual(await one.list({}), before)
    const proven = await one.verify({ full: true })
    assert.deepEqual([proven.ok, proven.problems], [true, []])
  }
  assert.equal((await store.run('SECRET-run')).state, 'completed')
  // Claims count under their new names: an id that is taken stays taken.
  await assert.rejects(store.save({ value: 1, id: 'SECRET-checkpoint' }), { code: 'conflict' })
})

test('E6 a rekey of a sealed store leaves nothing under the keys before, and each one makes a new key', async t => {
  const { path, openWith } = await world(t)
  const store = await openWith()
  const values = await fill(store)
  // A segment that was never closed, as a killed process leaves it, and what is being read.
  const reading = await openWith()
  await assertLoads(reading, values)
  const ids = new Set<string>()
  for (let round = 0; round < 3; round++) {
    const { dataKey, complete, left } = await store.rekey()
    assert.deepEqual([complete, left], [true, []])
    ids.add(dataKey)
    values.set((await store.save({ value: { round } })).id, { round })
  }
  assert.equal(ids.size, 3)
  // Who had it open seals with the key of now: a file, and a segment that goes on.
  const last = await reading.save({ value: noise(77) })
  await reading.save({ value: 'small' })
  values.set(last.id, noise(77))
  await assertLoads(reading, values)
  const { dataKeys } = await store.checkKeys()
  assert.equal(dataKeys.length, 1)
  await store.close()
  await assertLoads(await openWith(), values)
  assert.equal((await reading.verify({ full: true })).ok, true)
  assert.equal((await allBytes(path)).has('keys/rekey'), false)
})

test('E6 a rekey of a plain store, or of one that is only read, is refused', async t => {
  const { openWith, key } = await world(t)
  const plain = await openWith({})
  await assert.rejects(plain.rekey(), { code: 'invalid' })
  await plain.initKeys(key)
  await assert.rejects((await openWith({ key, readOnly: true })).rekey(), { code: 'unavailable' })
  await assert.rejects((await openWith()).rekey({ signal: AbortSignal.abort() }), { code: 'cancelled' })
})

test('E6 X2 a save that meets the new key between its write and its acknowledgement is there once', async t => {
  const { key, openWith } = await world(t)
  const other = await openWith()
  let meets: 'before' | 'after' | undefined
  const files = interceptedFiles(nodeFiles, async (operation, perform) => {
    if (meets === undefined || operation.kind !== 'write' || !operation.path.includes('/segments/')) return perform()
    const when = meets
    meets = undefined
    // The file that is written to may have lost its name by then.
    if (when === 'before') await other.rekey()
    const result = await perform()
    if (when === 'after') await other.rekey()
    return result
  })
  const store = await openWith({ key, components: { files } })
  const first = await store.save({ value: 'first' })
  const met: string[] = []
  // Of a run as well, whose records belong to an owner.
  const work = pipeline('p', async run => run.each('s', [1, 2, 3], async item => item, { key: String }))
  for (const when of ['before', 'after'] as const) {
    meets = when
    met.push((await store.save({ value: 'met', tags: ['met'] })).id)
    assert.equal(meets, undefined)
    meets = when
    await work.run({}, { store, runId: `met-${when}` })
    assert.equal(meets, undefined)
  }
  await store.close()
  const again = await openWith()
  assert.equal((await again.load(first.id)).value, 'first')
  for (const id of met) assert.equal((await again.load(id)).value, 'met')
  assert.equal((await again.list({ tags: ['met'] })).length, met.length)
  assert.equal((await again.verify({ full: true })).ok, true)
  for (const when of ['before', 'after']) assert.equal((await again.run(`met-${when}`)).state, 'completed')
  assert.equal((await again.rekey()).complete, true)
})

test('E6 X2 no key is forgotten under which a save of another process may still be sealing, and that save counts', async t => {
  const { path, key, openWith } = await world(t)
  let go = (): void => {}
  let begun = (): void => {}
  const isBegun = new Promise<void>(resolve => {
    begun = resolve
  })
  const held = new Promise<void>(resolve => {
    go = resolve
  })
  const files = delaying(nodeFiles, ({ kind, path: name }) => {
    if (kind !== 'write' || !name.endsWith('.pack.tmp')) return undefined
    begun()
    return held
  })
  const saving = await openWith({ key, components: { files } })
  const saved = saving.save({ value: noise(9) })
  await isBegun
  const store = await openWith()
  const early = await store.rekey()
  assert.equal(early.complete, false)
  assert.match(
    early.left.map(({ name, because }) => `${name} ${because}`).join(),
    /^packs\/[0-9a-z]+\.pack\.tmp is being written/,
  )
  assert.equal((await store.keys()).dataKeys.length, 2)
  go()
  const { id } = await saved
  const late = await store.rekey()
  assert.deepEqual([late.complete, late.dataKey, late.files], [true, early.dataKey, 1])
  assert.deepEqual((await (await openWith()).load(id)).value, noise(9))
  // What a dead process left is removed once it is an hour old.
  const leftover = join(path, 'packs', `${'0'.repeat(26)}.pack.tmp`)
  await writeFile(leftover, 'plain')
  assert.equal((await store.rekey()).complete, false)
  await utimes(leftover, new Date(0), new Date(0))
  assert.deepEqual([(await store.rekey()).complete, (await allBytes(path)).has(leftover.slice(path.length + 1))], [true, false])
})

test('E6 W2 a disk that is full in the middle of a rekey: a typed error, everything loads, and the next one goes on with the same key', async t => {
  const { key, openWith } = await world(t)
  const store = await openWith()
  const values = await fill(store)
  await store.close()
  const keyIds = new Set<string>()
  for (const most of [0, 1, 2]) {
    let written = 0
    const files = faultyFiles(nodeFiles, [
      {
        code: 'ENOSPC',
        when: ({ kind, path }) => kind === 'write' && path.includes('.rekey.') && ++written > most,
        effect: 'part',
        lasts: 'whenever',
      },
    ])
    const full = await openWith({ key, components: { files } })
    await assert.rejects(full.rekey(), { code: 'disk_full', means: /can be read as before/ })
    assert.ok(files.failed.length > 0)
    await assertLoads(full, values)
    keyIds.add((await full.keys()).dataKeys.at(-1)?.id ?? '')
    await full.close()
  }
  const after = await openWith()
  const report = await after.rekey()
  assert.deepEqual([report.complete, [...keyIds]], [true, [report.dataKey]])
  await assertLoads(await openWith(), values)
})

test('E6 a pack that is damaged is left as it is, and its key with it', async t => {
  const { path, openWith } = await world(t)
  const store = await openWith()
  const values = await fill(store)
  const [name] = [...(await allBytes(path))].filter(([one]) => one.endsWith('.pack')).map(([one]) => one)
  const file = join(path, name ?? '')
  const bytes = await readFile(file)
  bytes.writeUInt8(bytes.readUInt8(40_000) ^ 1, 40_000)
  await writeFile(file, bytes)
  const report = await store.rekey()
  assert.deepEqual([report.complete, report.left.map(one => one.name)], [false, [name]])
  assert.match(report.left[0]?.because ?? '', /damaged/)
  assert.deepEqual(await readFile(file), bytes)
  bytes.writeUInt8(bytes.readUInt8(40_000) ^ 1, 40_000)
  await writeFile(file, bytes)
  assert.equal((await store.rekey()).complete, true)
  await assertLoads(store, values)
  assert.ok((await count(store)) >= values.size)
})
