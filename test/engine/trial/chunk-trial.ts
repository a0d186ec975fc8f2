import assert from 'node:assert/strict'
import { isWaymarkError, type Store } from 'waymark'
import type { FileSystem, OpenFile, OpenMode } from '../../../src/files/file-system.ts'
import { CatalogPool } from '../../../src/testing/catalog-pool.ts'
import { blobState, nextState, recordState, type SavedContent, stateContent } from '../../../src/testing/chunk-contents.ts'
import { ChunkFacts } from '../../../src/testing/chunk-facts.ts'
import { judgeChunks } from '../../../src/testing/chunk-judge.ts'
import { ChunkMachine } from '../../../src/testing/chunk-machine.ts'
import { BrokenChunkPromise } from '../../../src/testing/chunk-promises.ts'
import { makeOld } from '../../../src/testing/chunk-scenarios.ts'
import { crashState } from '../../../src/testing/crash-states.ts'
import { type CountedOperation, faultyFiles, kindsHitBy } from '../../../src/testing/faulty-files.ts'
import type { OperationKind } from '../../../src/testing/intercepted-files.ts'
import { MemoryChunkIndex } from '../../../src/testing/memory-chunk-index.ts'
import type { SeededRandom } from '../../../src/testing/seeded-random.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../../src/testing/simulated-disk.ts'
import type { FaultPlan } from './trial.ts'
import { codeFor } from './trial-process.ts'

interface Step {
  readonly name: string
  readonly content: SavedContent
  readonly stage: string
  readonly full?: boolean
}

const catalogs = new CatalogPool()

/** A store of format 1.0 in which one small state is, and what is saved into it: the same for every trial. */
const steps: readonly Step[] = (() => {
  const random = seededRandom(11)
  const [large, small] = [blobState(random, 66 * 1024), recordState(random)]
  const bytes = random.bytes(280 * 1024)
  const rows = Array.from({ length: 40 }, (_, id) => ({ id, text: Buffer.from(random.bytes(80)).toString('hex') }))
  const second = nextState(large, random)
  return [
    { name: 'record', content: stateContent(small), stage: 'small' },
    { name: 'file', content: stateContent(large), stage: 'large' },
    { name: 'delta on a file', content: stateContent(second), stage: 'large' },
    { name: 'delta on a record', content: stateContent(nextState(small, random)), stage: 'small' },
    { name: 'bytes', content: { kind: 'bytes', bytes }, stage: 'bytes' },
    { name: 'rows', content: { kind: 'rows', rows }, stage: 'rows' },
    { name: 'full', content: stateContent(nextState(second, random)), stage: 'large', full: true },
  ]
})()

const prepared = await (async () => {
  const disk = new SimulatedDisk()
  const facts = new ChunkFacts()
  const machine = machineOf(disk, facts, seededRandom(1))
  const store = await machine.open()
  await machine.save(store, 'old', { kind: 'value', value: ['old'], paths: [] })
  await store.close()
  await makeOld(machine)
  return { state: disk.stateAfter(disk.lastOperation).clone(), facts: facts.upTo(disk.lastOperation) }
})()

function machineOf(
  disk: SimulatedDisk,
  facts: ChunkFacts,
  random: SeededRandom,
  wrap?: (files: FileSystem) => FileSystem,
): ChunkMachine {
  const index = new MemoryChunkIndex()
  const nextSeed = () => 1 + random.integer(1_000_000_000)
  return new ChunkMachine({
    disk,
    facts,
    index,
    catalogs,
    compression: { codec: 'none' },
    nextSeed,
    ...(wrap === undefined ? {} : { wrap }),
  })
}

/** A process that saves while an operation fails. */
export class ChunkTrial {
  /** Which operations there were that can fail: kinds in order, undefined for one that cannot. */
  readonly kinds: (OperationKind | undefined)[] = []
  readonly disk = new SimulatedDisk(prepared.state.clone())
  readonly #plan: FaultPlan | undefined
  readonly #machine: ChunkMachine
  readonly #random = seededRandom(5)
  readonly #open = new Set<OpenFile>()
  readonly #modes = new Map<string, OpenMode>()
  #failed = 0
  #healed = false

  constructor(plan?: FaultPlan) {
    this.#plan = plan
    this.#machine = machineOf(this.disk, prepared.facts.upTo(0), seededRandom(2), files => this.#wrap(files))
  }

  /** Saves everything. A save that failed as it may is made once more where the fault is over. */
  async run(afterwards: 'same process' | 'next process' | 'power cut'): Promise<void> {
    const lasting = this.#plan?.lasts === 'for-good'
    const store = (await this.#attempt('open', () => this.#machine.open())) ?? (lasting ? undefined : await this.#machine.open())
    if (store !== undefined) {
      for (const step of steps) await this.#save(store, step, !lasting)
      if (lasting && afterwards === 'same process') {
        this.#healed = true
        for (const step of steps.slice(0, 3)) await this.#save(store, { ...step, name: `${step.name}, healed` }, false)
      }
      await this.#attempt('close', () => store.close())
    }
    this.#healed = true
    assert.deepEqual([...this.#open].length, 0, 'a file is left open')
    this.#checkSyncs()
    if (!lasting && this.#plan !== undefined) await this.#checkLeftovers()
    const last = this.disk.lastOperation
    const disk = afterwards === 'power cut' ? crashState(this.disk, last, 'only-synced', this.#random) : this.disk
    await judgeChunks(machineOf(disk, this.#machine.facts.upTo(last), seededRandom(3)), this.#random)
  }

  async #save(store: Store, { name, content, stage, full = false }: Step, again: boolean): Promise<void> {
    const labels = { run: 'import', stage, ...(full ? { full } : {}) }
    const saved = await this.#attempt(name, () => this.#machine.save(store, name, content, labels))
    if (saved === undefined && again) await this.#machine.save(store, `${name}, again`, content, labels)
  }

  /** Undefined if it failed as it may: with the one code that fits the fault. */
  async #attempt<T>(what: string, call: () => Promise<T>): Promise<T | undefined> {
    const before = this.#failed
    try {
      return await call()
    } catch (thrown) {
      const error = thrown instanceof BrokenChunkPromise ? thrown.cause : thrown
      const plan = this.#plan
      if (plan === undefined || this.#healed || this.#failed === before) {
        throw new Error(`${what} fails without a fault: ${String(error)}`, { cause: error })
      }
      if (!isWaymarkError(error)) throw new Error(`${what} rejects with a raw error: ${String(error)}`, { cause: error })
      if (error.code !== codeFor[plan.code])
        throw new Error(`${what} rejects with ${error.code}: ${error.message}`, { cause: error })
      return undefined
    }
  }

  #wrap(files: FileSystem): FileSystem {
    const tracked: FileSystem = {
      ...files,
      open: async (path, mode) => {
        const file = await files.open(path, mode)
        this.#open.add(file)
        return { ...file, close: () => file.close().finally(() => this.#open.delete(file)) }
      },
    }
    const plan = this.#plan
    const fault = {
      when: (operation: CountedOperation) => this.#hits(operation),
      code: plan?.code ?? 'EIO',
      lasts: 'whenever',
      effect: plan?.effect ?? 'nothing',
    } as const
    const isFate = (value: unknown) => value === plan?.fate
    const random = { ...this.#random, pick: <T>(list: readonly T[]) => list.find(isFate) ?? this.#random.pick(list) }
    return faultyFiles(tracked, [fault], { disk: this.disk, random })
  }

  #hits({ kind, path, mode }: CountedOperation): boolean {
    if (mode !== undefined) this.#modes.set(path, mode)
    // Linux never fails to close what was only read.
    const canFail = kind !== 'close' || this.#modes.get(path) !== 'read'
    this.kinds.push(canFail ? kind : undefined)
    const plan = this.#plan
    if (plan === undefined || this.#healed || !canFail || !kindsHitBy[plan.code].some(hit => hit === kind)) return false
    const hit = plan.lasts === 'once' ? this.kinds.length === plan.at : this.kinds.length >= plan.at
    if (hit) this.#failed++
    return hit
  }

  /** No file whose sync failed was synced again. */
  #checkSyncs(): void {
    const failed = new Set<number>()
    for (const { number, path, effect } of this.disk.operations) {
      if (effect?.kind === 'failed-sync') failed.add(effect.inode)
      if (effect?.kind === 'sync' && failed.has(effect.inode)) {
        assert.fail(`operation ${number} syncs ${path} again, whose sync failed`)
      }
    }
  }

  async #checkLeftovers(): Promise<void> {
    const files = this.disk.process('look')
    for (const folder of ['/disk/.waymark', '/disk/.waymark/packs']) {
      const left = (await files.list(folder)).filter(name => name.endsWith('.tmp'))
      assert.deepEqual(left, [], `left over in ${folder}`)
    }
  }
}
