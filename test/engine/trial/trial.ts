import assert from 'node:assert/strict'
import { type CrashModel, crashState } from '../../../src/testing/crash-states.ts'
import type { FaultCode } from '../../../src/testing/faulty-files.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../../src/testing/simulated-disk.ts'
import { Told } from './told.ts'
import type { Workload } from './trial-pipeline.ts'
import { TrialProcess } from './trial-process.ts'

/** Which operation of a process fails, counted from 1, and how. */
export interface FaultPlan {
  readonly code: FaultCode
  readonly at: number
  readonly lasts: 'once' | 'for-good'
  /** What the failed operation did all the same: see `Fault.effect`. */
  readonly effect: 'nothing' | 'part' | 'all'
  /** What becomes of unsynced bytes where it is a sync that fails. */
  readonly fate: 'drop' | 'keep'
}

/** A disk, and what was told of it; processes come and go. */
export class Trial {
  readonly disk: SimulatedDisk
  readonly workload: Workload
  readonly told: Told
  readonly #seed: number
  #processes = 0

  constructor(workload: Workload, disk = new SimulatedDisk(), told = new Told(), seed = 1) {
    this.workload = workload
    this.disk = disk
    this.told = told
    this.#seed = seed
  }

  /** A process that works, or one for which an operation fails. */
  start(plan?: FaultPlan): TrialProcess {
    const number = ++this.#processes
    return new TrialProcess(this, `process ${number}`, seededRandom(this.#seed * 1_000 + number), plan)
  }

  /** What a crash right after an operation leaves, by default after the last one. */
  crash(model: CrashModel, after = this.disk.lastOperation): Trial {
    const disk = crashState(this.disk, after, model, seededRandom(this.#seed))
    return new Trial(this.workload, disk, this.told.upTo(after), this.#seed + 1)
  }

  /** Everything that was told holds, now and after a power cut, and the run is, or comes to, the right end. */
  async verify(): Promise<void> {
    for (const trial of [this, this.crash('only-synced')]) {
      const process = trial.start()
      const store = await process.open()
      await process.check(store)
      await store.close()
    }
  }

  /** No file whose sync failed was synced again, by one process or by any. */
  checkSyncs(by: TrialProcess | 'anybody'): void {
    const failed = new Set<number>()
    for (const { number, process, path, effect } of this.disk.operations) {
      if (effect?.kind === 'failed-sync') failed.add(effect.inode)
      if (effect?.kind !== 'sync' || !failed.has(effect.inode)) continue
      if (by === 'anybody' || by.label === process) assert.fail(`operation ${number} syncs ${path} again, whose sync failed`)
    }
  }

  /** Nothing half made is left behind. */
  async checkLeftovers(): Promise<void> {
    const files = this.disk.process('look')
    for (const folder of ['/disk/out', '/disk/.waymark/packs', '/disk/.waymark/leases']) {
      const names = await files.list(folder)
      assert.deepEqual(
        names.filter(name => /\.(tmp|part)$/.test(name)),
        [],
        `left over in ${folder}`,
      )
    }
  }
}
