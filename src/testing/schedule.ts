import { setImmediate } from 'node:timers/promises'
import type { FileSystem } from '../files/file-system.ts'
import type { FileOperation, OperationKind } from './intercepted-files.ts'
import { interceptedFiles } from './intercepted-files.ts'
import type { SeededRandom } from './seeded-random.ts'

/** One step that a schedule took. */
export interface ScheduledStep {
  /** Counted from 1. */
  readonly number: number
  readonly process: string
  readonly kind: OperationKind
  readonly path: string
  /** Set when this step only hands over the answer of an operation done earlier (`ScheduleOptions.delayAnswers`). */
  readonly answer?: true
}

export interface ScheduleOptions {
  /**
   * An operation and the arrival of its answer are two steps, others may come between: a process stopped after its fdatasync
   * succeeded and before it could say so. Default false.
   */
  readonly delayAnswers?: boolean
}

export interface RunUntil {
  /** Run until this settles; if it rejects, so does `run`. */
  readonly untilDone?: Promise<unknown>
  /**
   * Steps at most. With `untilDone` it is an error not to be done by then (default 100,000); alone, it is where the run pauses.
   */
  readonly maxSteps?: number
  /**
   * Called once before each step with its number, while all is quiet: the place to stop, continue or kill a process by the seed.
   */
  readonly beforeStep?: (step: number) => void
  /** Called when nothing can be done: true if it changed something (advanced a clock, continued a process). */
  readonly whenIdle?: () => boolean
}

interface Process {
  readonly label: string
  alive: boolean
  /** Resolves when the process is killed, so that an operation under way is not awaited for ever. */
  readonly killed: Promise<void>
  readonly kill: () => void
}

interface PendingStep {
  readonly process: Process
  readonly operation: FileOperation
  readonly answer: boolean
  readonly take: () => Promise<void>
}

/**
 * How likely the process that took a step takes the next one too: chosen once per run. If every step were picked alike, a process
 * would hardly ever stand still for long while another goes all its way, and that is what most races need.
 */
const stayingShares = [0, 0.5, 0.9] as const

/**
 * Interleaves simulated processes: every file operation of a process waits until the schedule picks it, and the seed alone
 * decides which comes next, so a failure replays from its seed.
 *
 * Between file operations a process may only do what ends within a turn of the event loop (promises, `setImmediate`); work on
 * threads or timers would make the order depend on the machine. Wrap outermost:
 * `schedule.process('a', faultyFiles(disk.process('a'), …))`.
 *
 * @example
 * const schedule = new Schedule()
 * const both = Promise.all([work(schedule.process('a', disk.process('a'))), work(schedule.process('b', disk.process('b')))])
 * await schedule.run(seededRandom(seed), { untilDone: both })
 */
export class Schedule {
  readonly #delayAnswers: boolean
  readonly #steps: ScheduledStep[] = []
  readonly #stopped = new Set<string>()
  #processes: Process[] = []
  #pending: PendingStep[] = []
  /** The process that took the last step. */
  #last: Process | undefined

  constructor(options: ScheduleOptions = {}) {
    this.#delayAnswers = options.delayAnswers ?? false
  }

  /**
   * The file system for a process. A label may be used again after a kill (the next incarnation), or for a second view of one
   * process.
   */
  process(label: string, files: FileSystem): FileSystem {
    const { promise, resolve } = Promise.withResolvers<void>()
    const process: Process = { label, alive: true, killed: promise, kill: resolve }
    this.#processes.push(process)
    return interceptedFiles(files, (operation, perform) => this.#wait(process, operation, perform))
  }

  /** The steps taken so far. */
  get steps(): readonly ScheduledStep[] {
    return this.#steps
  }

  /** SIGSTOP: operations of the process stay pending. */
  stop(label: string): void {
    this.#stopped.add(label)
  }

  /** SIGCONT. */
  continue(label: string): void {
    this.#stopped.delete(label)
  }

  /**
   * kill -9: what is pending never happens and never answers. Kill it on the disk too (`disk.kill(label)`), so that its open
   * files go.
   */
  kill(label: string): void {
    for (const process of this.#processes) {
      if (process.label !== label) continue
      process.alive = false
      process.kill()
    }
    this.#processes = this.#processes.filter(process => process.alive)
    this.#pending = this.#pending.filter(step => step.process.alive)
    this.#stopped.delete(label)
  }

  /** Takes steps until done; resolves with how many were taken. */
  async run(random: SeededRandom, until: RunUntil): Promise<number> {
    let settled = false
    let rejection: { readonly reason: unknown } | undefined
    until.untilDone?.then(
      () => {
        settled = true
      },
      (reason: unknown) => {
        settled = true
        rejection = { reason }
      },
    )
    const staying = random.pick(stayingShares)
    const maxSteps = until.maxSteps ?? (until.untilDone ? 100_000 : Number.POSITIVE_INFINITY)
    let announced = -1
    for (let taken = 0; ; ) {
      // Quiet: every promise that could go on has done so.
      await setImmediate()
      if (rejection) throw rejection.reason
      if (settled) return taken
      if (taken === maxSteps) {
        if (until.untilDone) throw new Error(`not done after ${taken} steps; the last were ${this.#lastSteps()}`)
        return taken
      }
      if (until.beforeStep && announced < taken) {
        announced = taken
        until.beforeStep(this.#steps.length + 1)
        await setImmediate()
        if (rejection || settled) continue
      }
      const ready = this.#pending.filter(step => !this.#stopped.has(step.process.label))
      if (ready.length > 0) {
        const same = ready.filter(step => step.process === this.#last)
        await this.#take(random.pick(same.length > 0 && random.bool(staying) ? same : ready))
        taken++
      } else if (!until.whenIdle?.()) {
        if (!until.untilDone) return taken
        if (!(await this.#wakesUp(() => settled))) throw new Error(`stuck after ${taken} steps: ${this.#whatWaits()}`)
      }
    }
  }

  #wait<T>(process: Process, operation: FileOperation, perform: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const answer = (give: () => void): void => {
        if (!process.alive) return
        if (!this.#delayAnswers) return give()
        this.#pending.push({ process, operation, answer: true, take: async () => give() })
      }
      if (!process.alive) return
      this.#pending.push({
        process,
        operation,
        answer: false,
        take: () =>
          perform().then(
            value => answer(() => resolve(value)),
            (reason: unknown) => answer(() => reject(reason)),
          ),
      })
    })
  }

  async #take(step: PendingStep): Promise<void> {
    this.#pending = this.#pending.filter(other => other !== step)
    this.#last = step.process
    const { kind, path } = step.operation
    const number = this.#steps.length + 1
    this.#steps.push({ number, process: step.process.label, kind, path, ...(step.answer && { answer: true }) })
    await Promise.race([step.take(), step.process.killed])
  }

  /** A process that itself waits for a few turns of the event loop is not stuck. */
  async #wakesUp(settled: () => boolean): Promise<boolean> {
    for (let turn = 0; turn < 100; turn++) {
      await setImmediate()
      if (settled() || this.#pending.some(step => !this.#stopped.has(step.process.label))) return true
    }
    return false
  }

  #whatWaits(): string {
    const stopped = this.#pending.map(
      step => `${step.process.label} (stopped) has ${step.operation.kind} ${step.operation.path} pending`,
    )
    return stopped.length > 0 ? stopped.join('; ') : 'no operation is pending, and what is awaited has not settled'
  }

  #lastSteps(): string {
    return this.#steps
      .slice(-5)
      .map(step => `${step.process} ${step.kind} ${step.path}`)
      .join(', ')
  }
}
