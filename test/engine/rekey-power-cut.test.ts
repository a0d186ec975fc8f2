import assert from 'node:assert/strict'
import { pipeline } from 'waymark'
import type { FileSystem } from '../../src/files/file-system.ts'
import { crashModels, crashPoints, crashState } from '../../src/testing/crash-states.ts'
import { ignoring } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { threadTest as test } from '../thread-test.ts'
import { trialKey as key, openOn } from './trial/open-on-disk.ts'

interface World {
  readonly disk: SimulatedDisk
  readonly values: ReadonlyMap<string, unknown>
}

/** Half of it plain, half of it sealed, with a segment that nobody closed. */
async function halfSealed(): Promise<World> {
  const disk = new SimulatedDisk()
  const values = new Map<string, unknown>()
  const noise = (seed: number): Buffer => Buffer.from(seededRandom(seed).bytes(200_000))
  const work = pipeline('p', async run => run.each('s', [1, 2, 3], async item => item, { key: String }))
  const plain = await openOn(disk.process('maker'), 1)
  for (const [id, value] of [
    ['small', 'plain'],
    ['large', noise(1)],
  ] as const)
    values.set((await plain.save({ value, id })).id, value)
  await work.run({}, { store: plain, runId: 'plain-run' })
  await plain.initKeys(key)
  await plain.close()
  const sealed = await openOn(disk.process('sealed'), 2, key)
  values.set((await sealed.save({ value: noise(2) })).id, noise(2))
  await work.run({}, { store: sealed, runId: 'sealed-run' })
  await sealed.close()
  const killed = await openOn(disk.process('killed'), 3, key)
  values.set((await killed.save({ value: 'unclosed' })).id, 'unclosed')
  // A new trace: nothing before it is in doubt.
  return { disk: crashState(disk, disk.lastOperation, 'only-synced', seededRandom(1)), values }
}

async function check(files: () => FileSystem, { values }: World, seed: number, isDone: boolean): Promise<void> {
  for (const round of [0, 1]) {
    const store = await openOn(files(), seed + round, key)
    for (const [id, value] of values) assert.deepEqual((await store.load(id)).value, value)
    for (const run of ['plain-run', 'sealed-run']) assert.equal((await store.run(run)).state, 'completed')
    assert.equal((await store.verify({ full: true })).ok, true)
    const { acceptsPlain, dataKeys } = await store.keys()
    if (isDone || round === 1) assert.deepEqual([acceptsPlain, dataKeys.length], [false, 1])
    if (round === 0) {
      // A claim of plain times counts, under whichever name it is.
      await assert.rejects(store.save({ value: 'twice', id: 'small' }), { code: 'conflict' })
      assert.deepEqual((await store.rekey()).left, [])
    }
    await store.close()
  }
}

async function trial(states: number, wrap: (files: FileSystem) => FileSystem = files => files): Promise<void> {
  const world = await halfSealed()
  const random = seededRandom(9)
  const disk = crashState(world.disk, 0, 'everything', random)
  const store = await openOn(wrap(disk.process('rekey')), 10, key)
  assert.equal((await store.rekey()).complete, true)
  const done = disk.lastOperation
  await store.close()
  const points = crashPoints(disk)
  for (let looked = 0; looked < states; looked++) {
    // Often near the end, where keys are forgotten.
    const cut = random.pick(random.bool(0.3) ? points.slice(-40) : points)
    const model = crashModels[looked % crashModels.length] ?? 'everything'
    const left = crashState(disk, cut, model, random, { tearNextWrite: random.bool(0.3) })
    let processes = 0
    try {
      await check(() => left.process(`again ${processes++}`), world, 100 + looked * 2, cut >= done)
    } catch (error) {
      throw new Error(`${model} after operation ${cut} of ${disk.lastOperation}: ${error}`, { cause: error })
    }
  }
}

test('E6 X2 a power cut anywhere in a rekey leaves everything there, and a rekey that goes on to its end', async () => {
  await trial(40)
})

for (const { what, kind, path } of [
  { what: 'the sync of a segment that was sealed anew', kind: 'sync', path: /\/segments\/.*\.rekey\./ },
  { what: 'the sync of a pack that was sealed anew', kind: 'sync', path: /\/packs\/.*\.rekey\./ },
  { what: 'the sync of the folder of the packs', kind: 'syncDirectory', path: /\/packs$/ },
] as const) {
  test(`without ${what} the simulation goes red (R2)`, async () => {
    await assert.rejects(
      trial(200, files => ignoring(files, operation => operation.kind === kind && path.test(operation.path))),
      /after operation/,
    )
  })
}
