import type { RecoveredProcess, RegisteredProcess, RegisterOptions } from './registered-process.ts'
import type { TrackOptions } from './track-options.ts'
import type { Tracker } from './tracker.ts'

/** Keeping the progress of work that no pipeline runs. */
export interface TrackVerbs {
  /**
   * Keeps the progress of a loop of your own: begins it, or goes on where an earlier attempt stopped. With a function the loop ends when that returns (completed), throws (failed) or was told to stop
   * (paused); without one, `await using t = await store.track(…)` and `await t.complete()`.
   *
   * @throws WaymarkError `invalid`, `lease_held` if another process is at the run, `conflict` if this one is at the loop or the id is that of other work, `input_changed`, `stale`, `paused`; with a
   * function also its own error, and `cancelled` after a stop
   *
   * @example
   * const rows = ['a', 'b', 'c']
   * await store.track({ run: 'import-2026-11', stage: 'rows', total: rows.length }, async t => {
   *   for (const [i, row] of rows.entries()) {
   *     if (t.signal.aborted) return
   *     if (t.shouldSkip(i)) continue
   *     await fetch(`https://example.com/${row}`)
   *     t.done(i)
   *   }
   * })
   */
  track(options: TrackOptions): Promise<Tracker>
  track<Value>(options: TrackOptions, fn: (tracker: Tracker) => Value | PromiseLike<Value>): Promise<Value>

  /**
   * Registers a process of so many steps, and gives a handle to tell how far it is. The same as {@link track} under other verbs.
   *
   * @throws WaymarkError `conflict` if a process of this id is registered: {@link recover} goes on with it; `invalid`
   */
  register(options: RegisterOptions): Promise<RegisteredProcess>

  /**
   * What is recorded of a registered process, without touching it; `resume()` goes on with it.
   *
   * @throws WaymarkError `not_found`
   *
   * @example
   * const { state, completedSteps } = await store.recover('import-7')
   */
  recover(id: string): Promise<RecoveredProcess>
}
