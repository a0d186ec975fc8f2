import assert from 'node:assert/strict'
import { type Pipeline, pipeline } from '../engine/pipeline.ts'
import { identifyProcess } from '../engine/process-identity.ts'
import type { Store } from '../engine/store.ts'
import type { FileSystem } from '../files/file-system.ts'
import type { Clock } from '../model/clock.ts'
import type { Durability } from '../model/durability.ts'
import { isWaymarkError } from '../model/errors.ts'
import { open } from '../open.ts'
import { jsonl } from '../outputs/item-file.ts'
import { CatalogPool } from './catalog-pool.ts'
import { type CrashModel, crashModels, crashPoints, crashState } from './crash-states.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import { SimulatedDisk } from './simulated-disk.ts'

/** Changes the file system a simulated process sees: how tests remove a sync. */
export type WrapFiles = (files: FileSystem) => FileSystem

export interface StoreSimulation {
  readonly seed: number
  /** Crash states to look at; they are spread over the whole trace and all models. */
  readonly states: number
  readonly wrap?: WrapFiles
  /** Of the runs. Default `power`. */
  readonly durability?: Durability
}

const storePath = '/disk/.waymark'
const outputPath = '/disk/out/items.jsonl'
const itemCount = 24
const catalogs = new CatalogPool()
const self = identifyProcess('simulated')

/**
 * Runs the real store and a real pipeline over a simulated disk, cuts the power at any operation under every model, opens what is left, and checks every promise: what was acknowledged is there
 * and right, what was deleted stays deleted, nothing is reported damaged, a finished stage is not called again, and the run, gone on with to its end, gives the same result and an output with every item once.
 * A second power cut falls into some of these recoveries. Resolves with the number of states; rejects with the seed and the state that broke a promise.
 */
export async function simulateStore({
  seed,
  states,
  wrap = files => files,
  durability = 'power',
}: StoreSimulation): Promise<number> {
  const random = seededRandom(seed)
  const machine = new Machine(new SimulatedDisk(), wrap, durability)
  const promises = await machine.work()
  const points = crashPoints(machine.disk)
  let looked = 0
  while (looked < states) {
    const after = random.pick(points)
    const model = crashModels[looked % crashModels.length] ?? 'everything'
    const tearNextWrite = random.bool(0.3)
    const disk = crashState(machine.disk, after, model, random, { tearNextWrite })
    const label = `seed ${seed}, ${model} after operation ${after} of ${machine.disk.lastOperation}${tearNextWrite ? ', next write torn' : ''}`
    try {
      // Of a run that asked for less, a power cut may take the end: not what was saved by itself, and not the end of an attempt.
      const isKept = ({ what }: Acknowledged) => what !== 'stage' || durability === 'power' || model === 'everything'
      await recover(disk, wrap, promises.filter(isKept), after, random, durability)
    } catch (error) {
      throw new Error(`${label}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
    looked++
  }
  return looked
}

/** What was acknowledged, and by which operation. */
interface Acknowledged {
  readonly after: number
  readonly what: 'checkpoint' | 'deleted' | 'stage' | 'completed'
  /** Id of the checkpoint, or path of the stage. */
  readonly name: string
  readonly value?: unknown
}

async function recover(
  disk: SimulatedDisk,
  wrap: WrapFiles,
  promises: readonly Acknowledged[],
  after: number,
  random: SeededRandom,
  durability: Durability,
): Promise<void> {
  const kept = promises.filter(promise => promise.after <= after)
  const machine = new Machine(disk, wrap, durability)
  await machine.check(kept)
  if (!random.bool(0.25)) return
  // The power is cut again while the first recovery works.
  const points = crashPoints(disk)
  const again = random.pick(points)
  const model: CrashModel = random.pick(crashModels)
  try {
    const isKept = ({ what }: Acknowledged) => what !== 'stage' || durability === 'power' || model === 'everything'
    await new Machine(crashState(disk, again, model, random), wrap, durability).check(kept.filter(isKept))
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`then ${model} after operation ${again} of the recovery: ${message}`, { cause: error })
  }
}

/** One boot of the simulated machine: one process with a store and a pipeline. */
class Machine {
  readonly disk: SimulatedDisk
  readonly #files: FileSystem
  readonly #called: string[] = []

  readonly #durability: Durability

  constructor(disk: SimulatedDisk, wrap: WrapFiles, durability: Durability) {
    this.disk = disk
    this.#durability = durability
    this.#files = wrap(disk.process('waymark'))
  }

  /** Everything a store can be asked to keep; notes what was acknowledged when. */
  async work(): Promise<readonly Acknowledged[]> {
    const promises: Acknowledged[] = []
    const note = (what: Acknowledged['what'], name: string, value?: unknown) =>
      promises.push({ after: this.disk.lastOperation, what, name, value })
    const store = await this.#open()
    for (const [name, value] of sampleStates) {
      const saved = await store.save({ value, run: 'library', stage: name })
      note('checkpoint', saved.id, value)
    }
    await store.save({ value: { chosen: true }, id: 'chosen' })
    note('checkpoint', 'chosen', { chosen: true })
    const doomed = await store.save({ value: 'doomed' })
    await store.delete(doomed.id)
    note('deleted', doomed.id)
    await Promise.all(sampleStates.map(async ([, value]) => note('checkpoint', (await store.save({ value })).id, value)))
    // The first attempt ends with an error in the middle, the second goes to the end.
    for (const failing of [true, false]) {
      const work = this.#pipeline(failing)
      const onEvent = (event: { readonly type: string; readonly stage?: string }) => {
        if (event.type === 'stage.completed' && event.stage !== undefined) note('stage', event.stage)
      }
      const outcome = await work.run({}, { store, onEvent }).catch(error => {
        if (!isWaymarkError(error, 'failed')) throw error
      })
      if (outcome !== undefined) note('completed', outcome.run, outcome.value)
    }
    await store.close()
    return promises
  }

  /** Opens what is left and checks it against what was promised; then goes on to the end. */
  async check(promises: readonly Acknowledged[]): Promise<void> {
    const store = await this.#open()
    try {
      assert.deepEqual(store.notices(), [], 'damage is reported where none is')
      await this.#checkKept(store, promises)
      await this.#checkGoesOn(store, promises)
    } finally {
      await store.close()
    }
  }

  async #checkKept(store: Store, promises: readonly Acknowledged[]): Promise<void> {
    for (const { what, name, value } of promises) {
      if (what === 'checkpoint') {
        const loaded = await store.load(name)
        assert.deepEqual(loaded.value, value, `checkpoint ${name} has another value`)
      }
      if (what === 'deleted')
        await assert.rejects(store.load(name), { code: 'not_found' }, `${name} came back after it was deleted`)
      if (what === 'completed') assert.equal((await store.run(name)).state, 'completed')
    }
    const latest = promises.findLast(promise => promise.what === 'checkpoint' && promise.name !== 'chosen')
    if (latest !== undefined) assert.ok(await store.latest(), 'nothing is the latest')
  }

  async #checkGoesOn(store: Store, promises: readonly Acknowledged[]): Promise<void> {
    const recorded = promises.filter(promise => promise.what === 'stage').map(promise => promise.name)
    // The end may be durable although nobody heard of it; to run again without the id would begin another run.
    const [last] = await store.runs({ limit: 1 })
    const runId = last?.state === 'completed' ? last.id : undefined
    const outcome = await this.#pipeline(false).run({}, { store, ...(runId === undefined ? {} : { runId }) })
    assert.deepEqual(outcome.value, expectedResult, 'the run gone on with gives another result')
    for (const stage of recorded) {
      // A pass over items counts as called when any of its items is.
      assert.ok(!this.#called.includes(stage), `${stage} was recorded and called again`)
    }
    const lines = await this.#output()
    const numbers = lines.map(line => Number(line)).sort((a, b) => a - b)
    assert.deepEqual(
      numbers,
      Array.from({ length: itemCount }, (_, i) => i),
      'the output is not every item once',
    )
  }

  #pipeline(failing: boolean): Pipeline<object, unknown> {
    const called = this.#called
    return pipeline('simulated', async run => {
      const numbers = run.stage('numbers', () => {
        called.push('numbers')
        return Array.from({ length: itemCount }, (_, i) => i)
      })
      const large = run.stage('large', () => {
        called.push('large')
        return 'x'.repeat(90_000)
      })
      const written = await run.each(
        'written',
        numbers,
        async (n, ctx) => {
          called.push('written')
          if (n % 10 === 0) await ctx.stage('inner', () => n)
          return n
        },
        { concurrency: 4, output: jsonl(outputPath), save: { items: 5 } },
      )
      if (failing) throw new Error('the first attempt fails here')
      const stored = await run.each(
        'stored',
        await numbers,
        n => {
          called.push('stored')
          return n * 2
        },
        { key: n => n, save: { items: 7 } },
      )
      let sum = 0
      for await (const value of stored.results()) sum += value
      return { sum, written: written.done, large: (await large).length }
    })
  }

  #open(): Promise<Store> {
    return open({
      path: storePath,
      durability: this.#durability,
      components: {
        files: this.#files,
        clock: hastyClock(),
        // A process that is provably dead by the time another looks: nobody has its start time.
        identify: name => ({ ...self, process: name, processStart: `simulated ${name}` }),
        openCatalog: () => catalogs.open(),
      },
    })
  }

  async #output(): Promise<string[]> {
    const file = await this.#files.open(outputPath, 'read')
    const text = Buffer.from(await file.read(0, 1 << 20)).toString('utf8')
    await file.close()
    return text.split('\n').slice(0, -1)
  }
}

const sampleStates: readonly (readonly [string, unknown])[] = [
  ['small', { step: 1, at: new Date(5) }],
  ['large', { rows: Array.from({ length: 3_000 }, (_, i) => ({ i, text: 'row of a table' })) }],
  // No compression makes it fit into a log record: it gets a pack of its own.
  ['packed', { blob: seededRandom(70_000).bytes(70_000) }],
]

const expectedResult = { sum: itemCount * (itemCount - 1), written: itemCount, large: 90_000 }

/** Time that passes only when somebody waits for it, and then at once. Timers in the background never fire. */
function hastyClock(): Clock {
  let now = Date.UTC(2026, 0, 1)
  return {
    now: () => now,
    monotonicMs: () => now,
    after(delayMs, callback, options) {
      if (options?.background === true) return () => {}
      const timer = setImmediate(() => {
        now += delayMs
        callback()
      })
      return () => clearImmediate(timer)
    },
  }
}
