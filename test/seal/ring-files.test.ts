import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import { systemClock } from '../../src/model/clock.ts'
import { type KeyRing, withDataKey, withMaster, withoutMaster } from '../../src/seal/key-ring.ts'
import type { MasterKey } from '../../src/seal/master-key.ts'
import { makeRing, newMaster, openSeals } from '../../src/seal/open-seals.ts'
import { RingFiles } from '../../src/seal/ring-files.ts'
import { RingKeeper } from '../../src/seal/ring-keeper.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { interceptedFiles } from '../../src/testing/intercepted-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { hastyClock } from '../engine/trial/hasty-clock.ts'

const root = '/disk/store'
const storeId = 'store-1'
const path = (generation: number): string => `${root}/keys/ring.${generation}.json`

/** A key that is known by its number. */
const keyOf = (number: number): MasterKey => {
  const secret = seededRandom(number).bytes(32)
  return {
    kind: 'file',
    description: `key ${number}`,
    secretFor: async () => secret,
    newSecret: async () => ({ secret, settings: {} }),
  }
}

const options = (files: FileSystem, ...keys: readonly number[]) => ({
  files,
  root,
  storeId,
  clock: hastyClock(),
  random: seededRandom(keys.length + 50),
  keys: keys.map(keyOf),
})

async function storeOfOneKey(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk()
  const files = disk.process('maker')
  await makeRing({ ...options(files), key: keyOf(1), name: 'first', acceptsPlain: true })
  return disk
}

async function text(files: FileSystem, name: string): Promise<string> {
  const file = await files.open(name, 'read')
  try {
    return Buffer.from(await file.read(0, 1_000_000)).toString()
  } finally {
    await file.close()
  }
}

async function put(files: FileSystem, name: string, content: string): Promise<void> {
  await files.remove(name)
  const file = await files.open(name, 'create')
  await file.write(Buffer.from(content), 0)
  await file.close()
}

/** Every operation waits a few turns, differently with each seed. */
function dawdling(files: FileSystem, seed: number): FileSystem {
  const random = seededRandom(seed)
  return interceptedFiles(files, async (_operation, perform) => {
    for (let turns = random.integer(6); turns > 0; turns--) await new Promise(resolve => setImmediate(resolve))
    return perform()
  })
}

test('E6 of two processes that change the keys at once, the one that is told so has done it, and nothing of either is lost', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const disk = await storeOfOneKey()
    const base = await new RingKeeper(options(disk.process('base'), 1)).read()
    const told = await Promise.all(
      [1, 2].map(async n => {
        const files = dawdling(disk.process(`process ${n}`), seed * 2 + n)
        const ring = withDataKey(base, seededRandom(900 + n), n)
        return { ring, done: await new RingFiles(files, root).replace(ring, seededRandom(800 + n)) }
      }),
    )
    const now = await new RingKeeper(options(disk.process('reader'), 1)).read()
    const newest = now.dataKeys.at(-1)?.id
    const done = told.filter(one => one.done)
    assert.ok(done.length <= 1, `seed ${seed}: both were told that they won`)
    for (const { ring } of done) assert.equal(newest, ring.dataKeys.at(-1)?.id, `seed ${seed}: what was told is not there`)
  }
})

test('E6 changes of the keys by several processes at once are all there in the end', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = await storeOfOneKey()
    await Promise.all(
      [1, 2, 3].map(async n => {
        const files = dawdling(disk.process(`process ${n}`), seed * 3 + n)
        const keeper = new RingKeeper({ ...options(files, 1), clock: hastyClock(), random: seededRandom(seed * 3 + n) })
        await keeper.change(ring =>
          ring.dataKeys.some(key => key.createdAt === n) ? ring : withDataKey(ring, seededRandom(n), n),
        )
      }),
    )
    const ring = await new RingKeeper(options(disk.process('reader'), 1)).read()
    const added = ring.dataKeys.map(({ createdAt }) => createdAt).filter(createdAt => createdAt < 10)
    assert.deepEqual(added.sort(), [1, 2, 3], `seed ${seed}`)
  }
})

test('E6 a ring that its maker did not finish counts for nothing, and the next change goes on above it', async () => {
  const disk = await storeOfOneKey()
  const files = disk.process('a')
  const whole = await text(files, path(1))
  for (const part of ['', '{', whole.slice(0, 200), whole.slice(0, -3)]) {
    await put(files, path(2), part)
    assert.equal((await new RingKeeper(options(files, 1)).read()).generation, 1)
  }
  const ring = await new RingKeeper(options(files, 1)).change(now => withDataKey(now, seededRandom(7), 8))
  assert.deepEqual([ring.generation, ring.dataKeys.length], [3, 2])
  assert.deepEqual(await files.list(`${root}/keys`), ['ring.3.json'])
})

test('E6 a ring that is being written is waited for, not overtaken', async () => {
  const disk = await storeOfOneKey()
  const files = disk.process('a')
  const slow = interceptedFiles(files, async (operation, perform) => {
    if (operation.kind === 'write') await new Promise(resolve => setTimeout(resolve, 30))
    return perform()
  })
  const change = (on: FileSystem, n: number) =>
    new RingKeeper({ ...options(on, 1), clock: systemClock, random: seededRandom(n) }).change(ring =>
      ring.dataKeys.some(key => key.createdAt === n) ? ring : withDataKey(ring, seededRandom(n), n),
    )
  const first = change(slow, 1)
  while (!(await files.exists(path(2)))) await new Promise(resolve => setImmediate(resolve))
  await Promise.all([first, change(files, 2)])
  const ring = await new RingKeeper(options(files, 1)).read()
  assert.deepEqual([ring.generation, ring.dataKeys.map(({ createdAt }) => createdAt).slice(1)], [3, [1, 2]])
})

test('E6 a ring that somebody changed in its file is corrupt, whatever it is; one whose number is not its own counts for nothing', async () => {
  const disk = await storeOfOneKey()
  const files = disk.process('a')
  await new RingKeeper(options(files, 1)).change(ring => withDataKey(ring, seededRandom(7), 8))
  const whole = await text(files, path(2))
  const changes = [
    (ring: string) => ring.replace('"acceptsPlain": true', '"acceptsPlain": false'),
    (ring: string) => ring.replace('"name": "first"', '"name": "other"'),
    (ring: string) => ring.replace('"settings": {}', '"settings": { "n": 1 }'),
    (ring: string) => ring.replace(/"mac": "../, '"mac": "zz'),
    (ring: string) => ring.replace(/"secrets": "..../, '"secrets": "zzzz'),
    (ring: string) => ring.replace(/"salt": "..../, '"salt": "zzzz'),
  ]
  for (const change of changes) {
    assert.notEqual(change(whole), whole)
    await put(files, path(2), change(whole))
    await assert.rejects(new RingKeeper(options(files, 1)).read(), { code: 'corrupt' }, String(change))
  }
  // Its lock too: then no key opens it.
  await put(files, path(2), whole.replace(/"sealed": "..../, '"sealed": "zzzz'))
  await assert.rejects(new RingKeeper(options(files, 1)).read(), { code: 'key_missing' })
  await files.remove(path(2))
  await put(files, path(7), whole)
  await assert.rejects(new RingKeeper(options(files, 1)).read(), { code: 'corrupt' })
})

test('E6 an older ring that is put back is corrupt to whoever has seen the newer one', async () => {
  const disk = await storeOfOneKey()
  const files = disk.process('a')
  const older = await text(files, path(1))
  const keeper = new RingKeeper(options(files, 1))
  await keeper.change(ring => withDataKey(ring, seededRandom(7), 8))
  await files.remove(path(2))
  await put(files, path(1), older)
  await assert.rejects(keeper.read(), { code: 'corrupt', message: /older/ })
})

test('E6 an open store goes on after another process took a master key away, but not with the one that was taken', async () => {
  const disk = await storeOfOneKey()
  const files = disk.process('a')
  const second = await newMaster(keyOf(2), 'second', storeId, 3)
  const withFirst = await openSeals({ ...options(files, 1), mayChange: true })
  await withFirst.keeper.change(ring => withMaster(ring, second))
  const withSecond = await openSeals({ ...options(files, 2), mayChange: true })
  const other = new RingKeeper(options(disk.process('b'), 2))
  const remove = (ring: KeyRing): KeyRing => withoutMaster(ring, ring.masters[0]?.id ?? '', seededRandom(3))
  await other.change(ring => withDataKey(remove(ring), seededRandom(9), 10))
  await withSecond.seals.refresh()
  assert.equal(withSecond.seals.current.createdAt, 10)
  await assert.rejects(withFirst.seals.refresh(), { code: 'key_missing' })
})

test('E6 a data key of more than 90 days is replaced when the store is opened, by one process, and not by who only reads', async () => {
  const disk = await storeOfOneKey()
  const day = 24 * 60 * 60 * 1000
  const at = async (days: number, mayChange: boolean): Promise<number> => {
    const clock = new FakeClock((await made) + days * day)
    const { keeper } = await openSeals({ ...options(disk.process(`day ${days}`), 1), clock, mayChange })
    return (await keeper.read()).dataKeys.length
  }
  const made = new RingKeeper(options(disk.process('a'), 1)).read().then(({ dataKeys: [first] }) => first?.createdAt ?? 0)
  assert.equal(await at(90, true), 1)
  assert.equal(await at(91, false), 1)
  assert.equal(await at(91, true), 2)
  assert.equal(await at(92, true), 2)
})
