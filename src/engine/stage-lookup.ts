import type { RecordedRun } from '../model/recorded-run.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import { isInside, type ScopePath } from '../model/scope.ts'
import type { StageSelection } from '../model/stage-selection.ts'

/** What is recorded of a run's stages, and whether that counts for the attempt that goes on. */
export class StageLookup {
  readonly #recorded: RecordedRun
  readonly #selection: StageSelection
  /** By order. */
  readonly #redoing = new Map<number, { readonly path: ScopePath; readonly done: Promise<unknown> }>()
  readonly #redone = new Set<ScopePath>()
  #nextOrder = 1

  constructor(recorded: RecordedRun, selection: StageSelection) {
    this.#recorded = recorded
    this.#selection = selection
    for (const { order } of recorded.stages.values()) this.#nextOrder = Math.max(this.#nextOrder, order + 1)
  }

  /**
   * What is recorded of a stage and why that must not be reused, if it must not. Waits for stages first called before it that are being redone: their result decides.
   */
  async lookUp(
    path: ScopePath,
    version: string | undefined,
  ): Promise<{ recorded: RecordedStage | undefined; redo: string | undefined }> {
    const order = this.#recorded.stages.get(path)?.order
    if (order !== undefined) {
      for (const [earlier, redone] of [...this.#redoing]) {
        // What this lies in cannot end before it.
        if (earlier < order && !isInside(path, redone.path)) await redone.done.catch(() => {})
      }
    }
    const recorded = this.#recorded.stages.get(path)
    return { recorded, redo: recorded && this.#redoReason(recorded, version) }
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
