import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, pipeline, type Store } from 'waymark'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { noChunkIndex } from '../../src/chunks/chunk-index.ts'
import { identifyProcess } from '../../src/engine/process-identity.ts'
import type { FileSystem } from '../../src/files/file-system.ts'
import { crashModels, crashPoints, crashState } from '../../src/testing/crash-states.ts'
import { ignoring } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { hastyClock } from './trial/hasty-clock.ts'

const openOn = (files: FileSystem, seed: number, identify: typeof identifyProcess = identifyProcess): Promise<Store> =>
  open({
    path: '/disk/.waymark',
    durability: 'process',
    components: {
      files,
      clock: hastyClock(),
      random: seededRandom(seed),
      identify,
      openCatalog: () => openSqliteCatalog(':memory:'),
      openChunkIndex: () => noChunkIndex,
    },
  })

/** A result too large for a record, ten items, and an end that fails until it is mended; its process may be killed at one of the items. */
function work() {
  const calls: string[] = []
  const state = { fails: true, diesAt: -1, die: () => {} }
  const made = pipeline('work', async run => {
    const rows = run.stage('extract', () => {
      calls.push('extract')
      return Array.from({ length: 10 }, (_, n) => ({ n, text: 'x'.repeat(1_000) }))
    })
    const done = await run.each('enrich', rows, ({ n }) => {
      calls.push(`item ${n}`)
      if (n === state.diesAt) state.die()
      return n
    })
    const all = await done.results().toArray()
    return run.stage('report', () => {
      if (state.fails) throw new Error('no')
      return all.length
    })
  })
  return { made, calls, state }
}

/** Forks a run whose process lives on, cuts the power at some operation of it, and looks at what is left. */
async function trial(
  states: number,
  { wrap = files => files, deaths = 0 }: { readonly wrap?: (files: FileSystem) => FileSystem; readonly deaths?: number } = {},
): Promise<Set<string>> {
  const disk = new SimulatedDisk()
  for (let death = 0; death < deaths; death++) {
    // Provably dead for whoever looks: nobody has its start time.
    const dying = await openOn(disk.process(`dying ${death}`), 50 + death, id => ({
      ...identifyProcess(id),
      processStart: 'gone',
    }))
    const begun = work()
    begun.state.diesAt = 4 + 4 * death
    const { promise: killed, resolve } = Promise.withResolvers<void>()
    begun.state.die = () => {
      disk.kill(`dying ${death}`)
      resolve()
    }
    // It never ends.
    void begun.made.run({}, { store: dying, runId: 'first' })
    await killed
  }
  const owner = await openOn(disk.process('owner'), 1)
  const first = work()
  await assert.rejects(first.made.run({}, { store: owner, runId: 'first' }))
  const before = disk.lastOperation
  const forking = await openOn(wrap(disk.process('forking')), 2)
  const begun = disk.lastOperation
  await forking.fork('first/enrich', { runId: 'second' })
  const acknowledged = disk.lastOperation
  await forking.close()
  const random = seededRandom(5)
  const points = [...crashPoints(disk).filter(point => point >= begun), acknowledged]
  const seen = new Set<string>()
  for (let looked = 0; looked < states; looked++) {
    const after = looked % 3 === 0 ? acknowledged : random.pick(points)
    const model = crashModels[looked % crashModels.length] ?? 'everything'
    try {
      seen.add(await checkFork(crashState(disk, after, model, random), after >= acknowledged, looked))
    } catch (error) {
      throw new Error(`${model} after operation ${after} of ${before} to ${acknowledged}: ${error}`, { cause: error })
    }
  }
  await owner.close()
  return seen
}

async function checkFork(disk: SimulatedDisk, wasAcknowledged: boolean, seed: number): Promise<string> {
  const store = await openOn(disk.process('recovery'), 100 + seed)
  try {
    const ids = (await store.runs()).map(({ id }) => id)
    if (!ids.includes('second')) {
      assert.ok(!wasAcknowledged, 'the fork was acknowledged, and is not there')
      return 'none'
    }
    assert.deepEqual(
      (await store.stages('second')).map(({ path, state }) => [path, state]),
      [
        ['extract', 'completed'],
        ['enrich', 'completed'],
      ],
    )
    const second = work()
    second.state.fails = false
    const { value } = await second.made.run({}, { store, runId: 'second' })
    assert.deepEqual([value, second.calls], [10, []])
    assert.equal((await store.verify({ full: true })).ok, true)
    return 'whole'
  } finally {
    await store.close()
  }
}

test('X6 a power cut anywhere in a fork leaves a whole new run or none, also of a run that is not durable yet', async () => {
  assert.deepEqual([...(await trial(60))].sort(), ['none', 'whole'])
})

test('X6 a power cut in a fork of a run whose earlier owners were killed, each in a segment of its own that nobody had synced: a whole new run or none', async () => {
  assert.deepEqual([...(await trial(18, { deaths: 2 }))].sort(), ['none', 'whole'])
})

test('without the sync of what the fork stands on the simulation goes red (R2)', async () => {
  const own = new Set<string>()
  await assert.rejects(
    trial(60, {
      wrap: files =>
        ignoring(files, ({ kind, path }) => {
          // The segments that the fork writes itself are synced as ever.
          if (kind === 'write') own.add(path)
          return kind === 'sync' && path.endsWith('.seg') && !own.has(path)
        }),
    }),
    /after operation/,
  )
})
