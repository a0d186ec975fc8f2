import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { open, type Store } from 'waymark'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { givenKey } from './given-key.ts'

const key = givenKey(7)
const lacksKey = /is sealed with the data key [0-9a-f]{20}, which is not among the keys of this store/
const noise = (seed: number) => ({ blob: seededRandom(100 * seed).bytes(90_000) })

async function use<T>(path: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await open({ path, key })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-unknown-key-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const packsOf = (path: string): string[] => readdirSync(join(path, 'packs')).filter(name => name.endsWith('.pack'))

test('E6 A15 a pack of another store under a name of ours is damage of that file: verify and repair name the checkpoints that are lost, the rest loads, and a rekey completes', async t => {
  const folder = folderFor(t)
  const [path, other] = [join(folder, 'ours'), join(folder, 'other')]
  await use(other, store => store.save({ value: noise(1) }))
  await use(path, store => store.save({ value: noise(2), id: 'kept' }))
  const before = packsOf(path)
  await use(path, store => store.save({ value: noise(3), id: 'lost' }))
  const pack = packsOf(path).find(one => !before.includes(one)) ?? assert.fail('nothing was saved')
  cpSync(join(other, 'packs', packsOf(other)[0] ?? ''), join(path, 'packs', pack))
  const name = pack.replace('.pack', '')
  await use(path, async store => {
    await assert.rejects(store.load('lost'), { code: 'corrupt', message: lacksKey })
    assert.deepEqual((await store.load('kept')).value, noise(2))
    for (const full of [false, true]) {
      const { ok, problems, damaged } = await store.verify({ full })
      assert.equal(ok, false)
      assert.deepEqual(
        problems.map(one => [one.kind, one.name, lacksKey.test(one.message)]),
        [['pack', name, true]],
      )
      assert.deepEqual(
        damaged.map(({ id }) => id),
        ['lost'],
      )
    }
    const { actions } = await store.repair()
    const aside = actions.find(({ kind }) => kind === 'pack')
    assert.deepEqual([aside?.name, aside?.does], [name, 'set aside'])
    assert.match(aside?.reason ?? '', lacksKey)
    assert.equal((await store.verify({ full: true })).ok, true)
    const { complete, left } = await store.rekey()
    assert.deepEqual([complete, left], [true, []])
    assert.deepEqual((await store.load('kept')).value, noise(2))
    assert.equal((await store.info('lost')).status, 'damaged')
  })
})

/** A store of which a part is sealed with a second data key, and its ring of before; `rekeyed`: its segments are sealed as files. */
async function withOlderRing(t: TestContext, rekeyed = false) {
  const folder = folderFor(t)
  const path = join(folder, 'store')
  const [newest, older] = [join(folder, 'newest'), join(folder, 'older')]
  if (rekeyed) await (await open(path)).close()
  if (rekeyed) {
    const plain = await open(path)
    await plain.save({ value: noise(1), id: 'early' })
    await plain.initKeys(key)
    await plain.close()
  }
  await use(path, async store => {
    if (!rekeyed) await store.save({ value: noise(1), id: 'early' })
  })
  cpSync(join(path, 'keys'), older, { recursive: true })
  await use(path, async store => {
    if (rekeyed) await store.rekey()
    else await store.rotateKeys()
  })
  await use(path, store => store.save({ value: noise(2), id: 'later' }))
  cpSync(join(path, 'keys'), newest, { recursive: true })
  const putBack = (keys: string): void => {
    rmSync(join(path, 'keys'), { recursive: true })
    cpSync(keys, join(path, 'keys'), { recursive: true })
  }
  return { path, toOlder: () => putBack(older), toNewest: () => putBack(newest) }
}

test('E6 A15 with an older ring put back, what is sealed with a key it lacks is named by verify, keys and notices, the rest is read, and the newest ring brings all of it back', async t => {
  const { path, toOlder, toNewest } = await withOlderRing(t)
  toOlder()
  await use(path, async store => {
    await store.list()
    assert.match(store.notices().join('\n'), lacksKey)
    assert.deepEqual((await store.load('early')).value, noise(1))
    const { ok, problems } = await store.verify({ full: true })
    assert.equal(ok, false)
    for (const kind of ['segment', 'pack'])
      assert.ok(
        problems.some(one => one.kind === kind && lacksKey.test(one.message)),
        `no ${kind} in ${JSON.stringify(problems)}`,
      )
    assert.equal((await store.checkKeys()).ok, false)
  })
  toNewest()
  await use(path, async store => {
    assert.deepEqual((await store.load('later')).value, noise(2))
    assert.equal((await store.verify({ full: true })).ok, true)
  })
})

test('E6 A15 a repair made with an older ring is undone with the newest one, and nothing is lost by it', async t => {
  const { path, toOlder, toNewest } = await withOlderRing(t)
  toOlder()
  const id = await use(path, async store => {
    const { id = '' } = await store.repair()
    assert.equal((await store.verify({ full: true })).ok, true)
    return id
  })
  toNewest()
  await use(path, async store => {
    await store.undoRepair(id)
    assert.deepEqual((await store.load('later')).value, noise(2))
    assert.deepEqual((await store.load('early')).value, noise(1))
    assert.equal((await store.verify({ full: true })).ok, true)
  })
})

test('E6 A15 a segment sealed as a file with a key the ring lacks is damage of that segment alone', async t => {
  const { path, toOlder, toNewest } = await withOlderRing(t, true)
  toOlder()
  await use(path, async store => {
    const { problems } = await store.verify()
    const segments = problems.filter(({ kind }) => kind === 'segment')
    assert.ok(segments.length >= 1 && segments.every(({ message }) => lacksKey.test(message)), JSON.stringify(problems))
  })
  toNewest()
  await use(path, async store => assert.deepEqual((await store.load('early')).value, noise(1)))
})
