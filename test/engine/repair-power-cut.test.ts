import assert from 'node:assert/strict'
import { isWaymarkError, open, type Store } from 'waymark'
import { noChunkIndex } from '../../src/chunks/chunk-index.ts'
import type { FileSystem } from '../../src/files/file-system.ts'
import { CatalogPool } from '../../src/testing/catalog-pool.ts'
import { crashModels, crashPoints, crashState } from '../../src/testing/crash-states.ts'
import { ignoring } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { threadTest as test } from '../thread-test.ts'
import { hastyClock } from './trial/hasty-clock.ts'
import { rows } from './verify-world.ts'

const path = '/disk/.waymark'
const packs = `${path}/packs`
const catalogs = new CatalogPool()

interface World {
  readonly disk: SimulatedDisk
  readonly values: ReadonlyMap<string, unknown>
  /** Files as they were damaged, and as they were before, by path. */
  readonly damaged: ReadonlyMap<string, string>
  readonly whole: ReadonlyMap<string, string>
}

const noisyRows = (count: number, seed: number): object[] => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, id) => ({ id, text: Buffer.from(random.bytes(30)).toString('hex') }))
}

async function openOn(files: FileSystem, seed: number, parity: boolean): Promise<Store> {
  return open({
    path,
    parity,
    components: {
      files,
      clock: hastyClock(),
      random: seededRandom(seed),
      openCatalog: () => catalogs.open(),
      openChunkIndex: () => noChunkIndex,
    },
  })
}

async function read(files: FileSystem, name: string): Promise<Buffer> {
  const file = await files.open(name, 'read')
  try {
    return Buffer.from(await file.read(0, (await file.stat()).size))
  } finally {
    await file.close()
  }
}

async function packFiles(files: FileSystem): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const name of await files.list(packs))
    if (name.endsWith('.pack')) found.set(name, (await read(files, `${packs}/${name}`)).toString('base64'))
  return found
}

/** Three packs: one that parity heals, one that is only mended, one of which nothing is left. */
async function damagedWorld(): Promise<World> {
  const first = new SimulatedDisk()
  const values = new Map<string, unknown>()
  const keep = async (store: Store, value: unknown, stage: string) =>
    values.set((await store.save({ value, run: 'r', stage })).id, value)
  const healing = await openOn(first.process('maker'), 1, true)
  await keep(healing, noisyRows(2_500, 3), 'healed')
  await healing.close()
  const plain = await openOn(first.process('maker 2'), 2, false)
  await keep(plain, noisyRows(6_000, 4), 'mended')
  await keep(plain, Buffer.from(seededRandom(5).bytes(900_000)), 'lost')
  await keep(plain, { small: true }, 'small')
  await keep(plain, rows(400), 'inline')
  await plain.close()
  const files = first.process('vandal')
  const whole = await packFiles(files)
  const withParity = new Set(
    (await files.list(packs)).filter(name => name.endsWith('.par')).map(name => `${name.slice(0, -4)}.pack`),
  )
  const sizes = [...whole]
    .map(([name, text]) => ({ name, size: Buffer.from(text, 'base64').length }))
    .sort((a, b) => b.size - a.size)
  for (const [index, { name, size }] of sizes.entries()) {
    const bytes = await read(files, `${packs}/${name}`)
    // The largest is the noise, which loses everything.
    if (index === 0) bytes.fill(0)
    else bytes.writeUInt8(bytes.readUInt8(Math.floor(size / 3)) ^ 1, Math.floor(size / 3))
    const file = await files.open(`${packs}/${name}`, 'write')
    await file.write(bytes, 0)
    await file.sync()
    await file.close()
  }
  assert.ok(withParity.size === 1 && sizes.length === 3, `${withParity.size} of ${sizes.length} packs have parity`)
  const damaged = await packFiles(files)
  // A new trace: nothing before it is in doubt.
  return { disk: crashState(first, first.lastOperation, 'only-synced', seededRandom(1)), values, damaged, whole }
}

/** What holds after a power cut in a repair: run again, it ends; what was intact is right; undone, every original is back byte by byte. */
async function checkRecovery(disk: SimulatedDisk, world: World, seed: number): Promise<void> {
  const files = disk.process('recovery')
  const store = await openOn(files, seed, false)
  await store.repair()
  assert.deepEqual(
    (await store.repair()).actions.filter(({ kind }) => kind !== 'chunk-index'),
    [],
  )
  assert.equal((await store.verify({ full: true })).ok, true)
  let lost = 0
  for (const [id, value] of world.values) {
    try {
      assert.deepEqual((await store.load(id)).value, value)
    } catch (error) {
      assert.ok(isWaymarkError(error, 'corrupt'), String(error))
      assert.equal((await store.info(id)).status, 'damaged')
      lost++
    }
  }
  assert.ok(lost <= 2, `${lost} checkpoints are lost`)
  for (const { id } of [...(await store.repairs())].reverse()) await store.undoRepair(id)
  assert.deepEqual(await packFiles(files), world.damaged)
  for (const id of world.values.keys()) assert.notEqual((await store.info(id)).status, 'damaged')
  await store.close()
}

async function repairOn(files: FileSystem): Promise<string> {
  const store = await openOn(files, 10, false)
  const { id } = await store.repair()
  await store.close()
  return id ?? ''
}

async function trial(world: World, states: number, wrap: (files: FileSystem) => FileSystem = files => files): Promise<void> {
  const random = seededRandom(77)
  const disk = crashState(world.disk, 0, 'everything', random)
  await repairOn(wrap(disk.process('repair')))
  const points = crashPoints(disk)
  for (let looked = 0; looked < states; looked++) {
    const after = random.pick(points)
    const model = crashModels[looked % crashModels.length] ?? 'everything'
    try {
      await checkRecovery(crashState(disk, after, model, random, { tearNextWrite: random.bool(0.3) }), world, 100 + looked)
    } catch (error) {
      throw new Error(`${model} after operation ${after} of ${disk.lastOperation}: ${error}`, { cause: error })
    }
  }
}

test('X18 a power cut anywhere in a repair loses nothing: run again it ends, and undone every original is back', async () => {
  await trial(await damagedWorld(), 120)
})

test('a power cut anywhere in an undo leaves one that can be run again', async () => {
  const world = await damagedWorld()
  const random = seededRandom(78)
  const repaired = crashState(world.disk, 0, 'everything', random)
  const id = await repairOn(repaired.process('repair'))
  const disk = crashState(repaired, repaired.lastOperation, 'only-synced', random)
  const undoing = await openOn(disk.process('undo'), 11, false)
  await undoing.undoRepair(id)
  await undoing.close()
  const points = crashPoints(disk)
  for (let looked = 0; looked < 40; looked++) {
    const after = random.pick(points)
    const model = crashModels[looked % crashModels.length] ?? 'everything'
    const files = crashState(disk, after, model, random).process('again')
    const store = await openOn(files, 200 + looked, false)
    await store.undoRepair(id)
    assert.deepEqual(await packFiles(files), world.damaged, `${model} after operation ${after}`)
    for (const checkpoint of world.values.keys()) assert.notEqual((await store.info(checkpoint)).status, 'damaged')
    await store.close()
  }
})

for (const { what, path: pattern, kind } of [
  { what: 'the sync of what is set aside', kind: 'sync', path: /\/aside\/[^/]+\/packs\// },
  { what: 'the sync of a mended pack', kind: 'sync', path: /\/aside\/[^/]+\/made\// },
  { what: 'the sync of the journal', kind: 'sync', path: /repair\.json/ },
  { what: 'the sync of the folder of the journal', kind: 'syncDirectory', path: /\/aside\/[^/]+$/ },
] as const) {
  test(`without ${what} the simulation goes red (R2)`, async () => {
    const world = await damagedWorld()
    await assert.rejects(
      trial(world, 150, files => ignoring(files, operation => operation.kind === kind && pattern.test(operation.path))),
      /after operation/,
    )
  })
}
