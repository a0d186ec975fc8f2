import type { Clock } from '../model/clock.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import { isInside, type ScopePath } from '../model/scope.ts'
import type { StageSelection } from '../model/stage-selection.ts'

/** Milliseconds after which it is said that a stage waits for one that is being redone. */
const longWaitMs = 10_000

interface Told {
  readonly clock: Clock
  readonly notice: (message: string) => void
}

/** What is recorded of a run's stages, and whether that counts for the attempt that goes on. */
export class StageLookup {
  readonly #recorded: RecordedRun
  readonly #selection: StageSelection
  readonly #told: Told
  /** By order. */
  readonly #redoing = new Map<number, { readonly path: ScopePath; readonly done: Promise<unknown> }>()
  readonly #redone = new Set<ScopePath>()
  #nextOrder = 1

  constructor(recorded: RecordedRun, selection: StageSelection, told: Told) {
    this.#recorded = recorded
    this.#selection = selection
    this.#told = told
    for (const { order } of recorded.stages.values()) this.#nextOrder = Math.max(this.#nextOrder, order + 1)
  }

  /**
   * What is recorded of a stage and why that must not be reused, if it must not. What could be reused waits for stages first called before it that are being redone: their result decides.
   */
  async lookUp(
    path: ScopePath,
    version: string | undefined,
  ): Promise<{ recorded: RecordedStage | undefined; redo: string | undefined }> {
    const before = this.#recorded.stages.get(path)
    if (before !== undefined && this.#redoReason(before, version) === undefined) await this.#earlierRedone(path, before.order)
    const recorded = this.#recorded.stages.get(path)
    return { recorded, redo: recorded && this.#redoReason(recorded, version) }
  }

  async #earlierRedone(path: ScopePath, order: number): Promise<void> {
    for (const [earlier, redone] of [...this.#redoing]) {
      // What this lies in cannot end before it.
      if (earlier >= order || isInside(path, redone.path)) continue
      const { clock, notice } = this.#told
      const cancel = clock.after(longWaitMs, () => notice(waitsFor(path, redone.path)), { background: true })
      await redone.done.catch(() => {})
      cancel()
    }
  }

  #redoReason(recorded: RecordedStage, version: string | undefined): string | undefined {
    const asked = this.#selection.redoFor(recorded.path)
    // Once a redo has finished in this attempt its result counts.
    if (asked !== undefined && !this.#redone.has(recorded.path)) return asked
    if (recorded.outdated !== undefined) return recorded.outdated
    if (recorded.version === version) return undefined
    return `its version changed from ${recorded.version ?? 'none'} to ${version ?? 'none'}`
  }

  /** Its place in the order of first calls, from 1. */
  orderOf(path: ScopePath): number {
    return this.#recorded.stages.get(path)?.order ?? this.#nextOrder++
  }

  /** Until `done` settles, stages first called after this order wait before they decide to reuse what they have. */
  redoing(path: ScopePath, order: number, done: Promise<unknown>): void {
    this.#redoing.set(order, { path, done })
    const forget = () => this.#redoing.delete(order)
    done.then(forget, forget)
  }

  /** Notes that a stage asked for with `redo` was thrown away. */
  noteRedone(path: ScopePath): void {
    this.#redone.add(path)
  }
}

/** Nobody can see whether the function of the one awaits the other. */
const waitsFor = (path: ScopePath, redone: ScopePath): string =>
  `${path} waits until ${redone} is redone: a new result there makes it outdated. If ${redone} awaits ${path} itself, this does not end: stop the run, and redo both with --redo ${redone} --redo ${path}`
