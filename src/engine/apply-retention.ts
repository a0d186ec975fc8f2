import type { Catalog } from '../catalog/catalog.ts'
import type { Retention } from './check-retention.ts'
import { cleanUp, defaultRetentionDays, defaultRuns } from './clean-up.ts'
import type { StoreCore } from './store-core.ts'

/** What a retention did: for the end of a run, which it must not change. */
export interface AppliedRetention {
  readonly removed: number
  /** For people; undefined where there is nothing to tell. */
  readonly notice?: string
}

const dayMs = 86_400_000
/** What was looked at and stayed is looked at again after so long: something it stayed for, a fork or a damaged later one, may be gone. */
const lookAgainAfterMs = 3_600_000

/** What everything looked like under one rule when it was looked at. */
interface Look {
  readonly atMs: number
  /** Of runs that ended then or before everything that is left had to stay. */
  readonly endedBy: number
  readonly runs: ReadonlyMap<string, SeenRun>
}

interface SeenRun {
  /** Another one now: something of the run was saved, deleted, pinned or unpinned. */
  readonly stamp: string
  readonly endedAt: number
}

/** By the rule: of two that are applied in turn, each has runs at which the other need not look. */
const looksIn = new WeakMap<StoreCore, Map<string, Look>>()

/** Never rejects: whatever happens, the run has ended as it has. */
export async function applyRetention(core: StoreCore, retention: Retention): Promise<AppliedRetention> {
  try {
    const { olderThanDays = defaultRetentionDays, newestRuns = defaultRuns } = retention
    await core.feed.refresh()
    const atMs = core.clock.monotonicMs()
    const endedBy = core.clock.now() - olderThanDays * dayMs
    const looks = looksIn.get(core) ?? new Map<string, Look>()
    looksIn.set(core, looks)
    const rule = `${olderThanDays}/${newestRuns}`
    const last = lastLook(looks.get(rule), atMs)
    if (!(await isAnyOld(core, endedBy))) return { removed: 0 }
    const runs = await core.feed.query(catalog => staleRunsIn(catalog, endedBy, newestRuns, last))
    const mustStay = ([id, run]: readonly [string, SeenRun]): boolean =>
      run.endedAt > endedBy || (run.endedAt <= last.endedBy && last.runs.get(id) === run)
    if ([...runs].every(mustStay)) {
      // A clock that was set back leaves runs which nobody has looked at.
      looks.set(rule, { ...last, endedBy: Math.min(last.endedBy, endedBy), runs })
      return { removed: 0 }
    }
    const { removed } = await cleanUp(core, retention)
    // Of which only a part went has another stamp now, and is looked at once more.
    looks.set(rule, { atMs, endedBy, runs })
    if (removed.length === 0) return { removed: 0 }
    const what = removed.length === 1 ? '1 checkpoint' : `${removed.length} checkpoints`
    return { removed: removed.length, notice: `retention removed ${what} of runs that ended more than ${olderThanDays} days ago` }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { removed: 0, notice: `retention could not be applied (the run is not affected): ${why}` }
  }
}

const lastLook = (look: Look | undefined, nowMs: number): Look =>
  look === undefined || nowMs - look.atMs > lookAgainAfterMs
    ? { atMs: nowMs, endedBy: Number.NEGATIVE_INFINITY, runs: new Map() }
    : look

/** Whether the oldest checkpoint of all is old enough, which most often it is not: one is older than the end of its run, and one that was saved for it later counts when it is old itself. */
async function isAnyOld(core: StoreCore, createdBy: number): Promise<boolean> {
  const [oldest] = await core.feed.query(catalog =>
    catalog.checkpoints({ sort: { field: 'createdAt', descending: false }, limit: 1 }),
  )
  return oldest !== undefined && oldest.createdAt <= createdBy
}

/** Runs whose checkpoints may have to go. One that is as it was in the last look is not read again, and is the same object. */
async function staleRunsIn(
  catalog: Catalog,
  createdBy: number,
  newestRuns: number,
  last: Look,
): Promise<ReadonlyMap<string, SeenRun>> {
  const runs = new Map<string, SeenRun>()
  for (const { id, stamp } of await catalog.staleRuns({ createdBy, newestRuns })) {
    const seen = last.runs.get(id)
    if (seen?.stamp === stamp) {
      runs.set(id, seen)
      continue
    }
    const run = await catalog.run(id)
    if (run !== undefined) runs.set(id, { stamp, endedAt: run.endedAt ?? run.updatedAt })
  }
  return runs
}
