import type { ScopePath } from '../model/scope.ts'
import { joinTimings, type RecordedTimings, type TimingsByPath } from '../model/timings.ts'

/**
 * Times that go with the next record of the run: what it took to commit a record is known only when that is in the log. An attempt that is killed loses those that waited.
 */
export class AttemptTimings {
  readonly #waiting = new Map<ScopePath, RecordedTimings>()

  /** @param path empty: of the run itself */
  add(path: ScopePath, timings: RecordedTimings | undefined): void {
    if (timings !== undefined) this.#waiting.set(path, joinTimings(this.#waiting.get(path), timings))
  }

  /** All that waits, for a record. */
  take(): { readonly timings?: TimingsByPath } {
    if (this.#waiting.size === 0) return {}
    const timings = Object.fromEntries(this.#waiting)
    this.#waiting.clear()
    return { timings }
  }
}
