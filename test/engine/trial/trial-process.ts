import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { isWaymarkError, open, type Store } from 'waymark'
import { identifyProcess } from '../../../src/engine/process-identity.ts'
import type { FileSystem, OpenMode } from '../../../src/files/file-system.ts'
import type { ErrorCode } from '../../../src/model/errors.ts'
import { CatalogPool } from '../../../src/testing/catalog-pool.ts'
import {
  type CountedOperation,
  delaying,
  type FaultCode,
  type FaultyFiles,
  faultyFiles,
  kindsHitBy,
} from '../../../src/testing/faulty-files.ts'
import type { OperationKind } from '../../../src/testing/intercepted-files.ts'
import { type SeededRandom, seededRandom } from '../../../src/testing/seeded-random.ts'
import { hastyClock } from './hasty-clock.ts'
import type { FaultPlan, Trial } from './trial.ts'
import { checkResult, everyItem, itemCount, outputPath, trialPipeline } from './trial-pipeline.ts'

const catalogs = new CatalogPool()
const self = identifyProcess('trial')

/** The one code that tells the user what to do about each fault. */
export const codeFor: Readonly<Record<FaultCode, ErrorCode>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EIO: 'unavailable',
  EINTR: 'unavailable',
  EMFILE: 'limit',
  EACCES: 'unavailable',
}

const storePath = '/disk/.waymark'
const chosenId = 'chosen'
const states: Readonly<Record<string, unknown>> = {
  small: { step: 1, at: new Date(5) },
  large: {
    rows: Array.from({ length: 2_500 }, (_, i) => ({ i, text: 'row of a table' })),
    // No compression makes it fit into a log record: it gets a pack of its own.
    blob: seededRandom(70_000).bytes(70_000),
  },
  doomed: 'doomed',
  chosen: ['a', 'b'],
}

/** A process in which somebody saves states, runs a pipeline, and looks at both. */
export class TrialProcess {
  readonly label: string
  readonly files: FaultyFiles
  /** Which operations there were that can fail: kinds in order, undefined for one that cannot. */
  readonly kinds: (OperationKind | undefined)[] = []
  readonly #trial: Trial
  readonly #random: SeededRandom
  readonly #plan: FaultPlan | undefined
  readonly #modes = new Map<string, OpenMode>()
  #healed = false

  constructor(trial: Trial, label: string, random: SeededRandom, plan: FaultPlan | undefined) {
    this.label = label
    this.#trial = trial
    this.#random = random
    this.#plan = plan
    const slow = slowSyncs(trial.disk.process(label), trial.workload.syncTurns)
    const when = (operation: CountedOperation) => this.#hits(operation)
    const fault = { when, code: plan?.code ?? 'EIO', lasts: 'whenever', effect: plan?.effect ?? 'nothing' } as const
    const isFate = (value: unknown) => value === plan?.fate
    const fated = { ...random, pick: <T>(list: readonly T[]) => list.find(isFate) ?? random.pick(list) }
    this.files = faultyFiles(slow, [fault], { disk: trial.disk, random: fated })
  }

  /** From now on every operation succeeds. */
  heal(): void {
    this.#healed = true
  }

  open(): Promise<Store> {
    return open({
      path: storePath,
      components: {
        files: this.files,
        clock: hastyClock(),
        random: this.#random,
        // A process that is provably dead by the time another looks: nobody has its start time.
        identify: name => ({ ...self, process: name, processStart: `simulated ${name}` }),
        openCatalog: () => catalogs.open(),
      },
    })
  }

  /** Does everything that nobody was told yet is done. A call that fails is made `retries` times more. */
  async work(store: Store, retries: number): Promise<void> {
    await this.#save(store, 'small', retries)
    await Promise.all([
      this.#save(store, 'large', retries),
      this.#save(store, 'chosen', retries),
      this.#save(store, 'doomed', retries),
    ])
    await this.#delete(store, 'doomed', retries)
    await this.attempt('run', retries, () => this.run(store))
  }

  /** Looks at everything there is. */
  async look(store: Store): Promise<void> {
    const list = await this.attempt('list', 0, () => store.list({ limit: 100 }))
    for (const { id } of list ?? []) await this.attempt(`load ${id}`, 0, () => store.load(id))
    await this.attempt('latest', 0, () => store.latest({ run: 'library' }))
    for (const { id } of (await this.attempt('runs', 0, () => store.runs())) ?? []) {
      await this.attempt('stages', 0, () => store.stages(id))
      await this.attempt('events', 0, () => eventsOf(store, id))
    }
  }

  /** Makes a call; undefined if it failed as it may: with the one code that fits the fault. */
  async attempt<T>(what: string, retries: number, call: () => Promise<T>): Promise<T | undefined> {
    for (let left = retries; ; left--) {
      try {
        return await call()
      } catch (error) {
        this.#checkError(what, error)
        if (left > 0) continue
        if (retries > 0) throw new Error(`${what} fails again though the fault is over`, { cause: error })
        return undefined
      }
    }
  }

  /** Runs the pipeline. Nothing that is recorded is called, and the result is right. */
  async run(store: Store): Promise<void> {
    const { told, workload } = this.#trial
    const before = { stages: told.stages, left: await itemsLeft(store) }
    const runId = workload.runId ?? (await completedRun(store))
    const called: string[] = []
    const onEvent = (event: { readonly type: string; readonly stage?: string }) => {
      if (event.type === 'stage.completed' && event.stage !== undefined) this.#note({ kind: 'stage', path: event.stage })
    }
    try {
      const outcome = await trialPipeline(workload, called).run({}, { store, onEvent, ...(runId !== undefined && { runId }) })
      this.#note({ kind: 'completed', run: outcome.run })
      checkResult(outcome.value, workload)
    } finally {
      checkCalls(called, before)
    }
  }

  /** Everything that was told is there and right; the run, gone on with if need be, comes to the right end. */
  async check(store: Store): Promise<void> {
    for (const promise of this.#trial.told.promises) {
      if (promise.kind === 'saved' && !this.#trial.told.isDeleted(promise.id)) {
        assert.deepEqual((await store.load(promise.id)).value, promise.value, `${promise.name} has another value`)
      }
      if (promise.kind === 'deleted')
        await assert.rejects(store.load(promise.id), { code: 'not_found' }, 'what was deleted came back')
      if (promise.kind === 'completed') assert.equal((await store.run(promise.run)).state, 'completed')
    }
    await this.run(store)
    assert.equal((await store.runs()).length, 1, 'a second run was begun')
    const text = await this.#output()
    assert.ok(text.endsWith('\n'), 'the last line of the output is torn')
    const numbers = text.trim().split('\n').map(Number)
    assert.deepEqual(
      numbers.sort((a, b) => a - b),
      everyItem,
      'the output is not every item once',
    )
    assert.deepEqual(store.notices(), [], 'damage is reported where none is')
  }

  async #save(store: Store, name: string, retries: number): Promise<void> {
    const { told } = this.#trial
    if (told.idOf(name) !== undefined) return
    const value = states[name]
    const id = name === chosenId ? { id: chosenId } : {}
    const saved = await this.attempt(`save ${name}`, retries, () =>
      inDoubt('conflict', store.save({ value, run: 'library', ...id })),
    )
    if (saved !== undefined && saved !== 'in doubt') this.#note({ kind: 'saved', name, id: saved.id, value })
  }

  async #delete(store: Store, name: string, retries: number): Promise<void> {
    const id = this.#trial.told.idOf(name)
    if (id === undefined || this.#trial.told.isDeleted(id)) return
    const outcome = await this.attempt(`delete ${name}`, retries, () =>
      inDoubt(
        'not_found',
        store.delete(id).then(() => 'deleted'),
      ),
    )
    if (outcome === 'deleted') this.#note({ kind: 'deleted', id })
    else this.#trial.told.forget(id)
  }

  #note(promise: Parameters<Trial['told']['note']>[1]): void {
    this.#trial.told.note(this.#trial.disk.lastOperation, promise)
  }

  #checkError(what: string, error: unknown): void {
    const plan = this.#plan
    if (plan === undefined || this.#healed || this.files.failed.length === 0) {
      throw new Error(`${what} fails on a disk that works: ${String(error)}`, { cause: error })
    }
    if (!isWaymarkError(error)) throw new Error(`${what} rejects with a raw error: ${String(error)}`, { cause: error })
    if (error.code !== codeFor[plan.code])
      throw new Error(`${what} rejects with ${error.code}: ${error.message}`, { cause: error })
    assert.ok(error.remedy.length > 0 && error.means.length > 0)
  }

  #hits({ kind, path, mode, nth }: CountedOperation): boolean {
    if (mode !== undefined) this.#modes.set(path, mode)
    // Linux never fails to close what was only read.
    const canFail = kind !== 'close' || this.#modes.get(path) !== 'read'
    this.kinds.push(canFail ? kind : undefined)
    const plan = this.#plan
    if (plan === undefined || this.#healed || !canFail) return false
    if (!kindsHitBy[plan.code].some(hit => hit === kind)) return false
    return plan.lasts === 'once' ? nth === plan.at : nth >= plan.at
  }

  async #output(): Promise<string> {
    const file = await this.files.open(outputPath, 'read')
    const text = Buffer.from(await file.read(0, 1 << 20)).toString('utf8')
    await file.close()
    return text
  }
}

/** A record whose write failed may be there all the same, for a while or for good; doing it again then says so. */
async function inDoubt<T>(code: ErrorCode, call: Promise<T>): Promise<T | 'in doubt'> {
  try {
    return await call
  } catch (error) {
    if (isWaymarkError(error, code)) return 'in doubt'
    throw error
  }
}

/** Of each pass over items how many are not recorded: so many may be called, no more. */
async function itemsLeft(store: Store): Promise<ReadonlyMap<string, number>> {
  const left = new Map<string, number>()
  const [run] = await store.runs({ limit: 1 })
  if (run === undefined) return left
  for (const { path, kind, counts } of await store.stages(run.id)) {
    if (kind === 'each') left.set(path, itemCount - (counts?.done ?? 0))
  }
  return left
}

/** An end may be recorded although its writer was told that it is not; to run again without its id would begin another run. */
async function completedRun(store: Store): Promise<string | undefined> {
  const [run] = await store.runs({ limit: 1, states: ['completed'] })
  return run?.id
}

function checkCalls(called: readonly string[], before: { stages: ReadonlySet<string>; left: ReadonlyMap<string, number> }): void {
  for (const stage of before.stages) {
    assert.ok(!called.some(call => call === stage || call.startsWith(`${stage}[`)), `${stage} is recorded and was called again`)
  }
  for (const [stage, most] of before.left) {
    const calls = called.filter(call => call.startsWith(`${stage}[`) && call.endsWith(']')).length
    assert.ok(calls <= most, `${calls} items of ${stage} were called though only ${most} were not recorded`)
  }
  assert.equal(new Set(called).size, called.length, 'something was called twice in one attempt')
}

function slowSyncs(files: FileSystem, turns: number): FileSystem {
  if (turns === 0) return files
  return delaying(files, async ({ kind }) => {
    for (let i = 0; kind === 'sync' && i < turns; i++) await turn()
  })
}

async function eventsOf(store: Store, run: string): Promise<number> {
  let count = 0
  for await (const _ of store.events(run)) count++
  return count
}
