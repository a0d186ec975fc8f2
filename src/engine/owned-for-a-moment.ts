import { WaymarkError } from '../model/errors.ts'
import type { RunView } from '../model/run-view.ts'
import { leaseHeld, type OwnedRun, ownRun } from './ownership.ts'
import type { StoreCore } from './store-core.ts'

/**
 * Owns a run for a few records that are no attempt: nothing of the pipeline is called. Whoever owned it before is fenced.
 *
 * @throws WaymarkError `lease_held` if a living process owns it, this one included; `fenced` if another was faster
 */
export async function ownedForAMoment<T>(core: StoreCore, run: RunView, work: (owned: OwnedRun) => Promise<T>): Promise<T> {
  if (core.activeRuns.has(run.id)) throw leaseHeld(core, { ...run, owner: core.self })
  core.activeRuns.add(run.id)
  try {
    return await work(await ownRun(core, run, true))
  } finally {
    core.activeRuns.delete(run.id)
    await core.feed.flush().catch(() => {})
  }
}

/** A cancelled run does not come back, so there is nothing in it to be called again. */
export const wasCancelled = (run: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `run ${run} was cancelled: it does not go on`,
    means: 'Nothing was changed; what it recorded stays.',
    remedy: 'Begin a new run of the same work with --fresh.',
    details: { run },
  })
