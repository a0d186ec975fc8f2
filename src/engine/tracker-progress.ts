import type { EachProgress } from './each-progress.ts'

/** How far a tracked loop is. */
export interface TrackerProgress {
  readonly done: number
  readonly skipped: number
  readonly failed: number
  readonly total?: number
  /** Of these, recorded by earlier attempts. */
  readonly reused: number
  /** Finished, and not durable yet: what a kill now would do again. */
  readonly atRisk: number
  /** Since this attempt began. */
  readonly elapsedMs: number
  /** In this attempt; undefined before the first measurement. */
  readonly itemsPerSecond?: number
  /** `done` of `done + failed`, 0 to 1; undefined while both are 0. */
  readonly successRate?: number
  /** Undefined while unknown. */
  readonly etaMs?: { readonly low: number; readonly likely: number; readonly high: number }
}

/** What the progress of the stage comes to for whoever tracks it. */
export function progressOf(progress: EachProgress, elapsedMs: number): TrackerProgress {
  const { counts, reused, atRisk, itemsPerSecond, etaMs } = progress.measure()
  const { done, skipped, setAside, total } = counts
  return {
    done,
    skipped,
    failed: setAside,
    ...(total === undefined ? {} : { total }),
    reused,
    atRisk,
    elapsedMs,
    ...(itemsPerSecond === undefined ? {} : { itemsPerSecond }),
    ...(done + setAside === 0 ? {} : { successRate: done / (done + setAside) }),
    ...(etaMs === undefined ? {} : { etaMs }),
  }
}
