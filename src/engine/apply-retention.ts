import { checkOptions, type OptionRules } from '../model/check-options.ts'
import { type CleanUpOptions, cleanUp, defaultRetentionDays } from './clean-up.ts'
import type { StoreCore } from './store-core.ts'

/** Which checkpoints are deleted whenever a run ends; `{}` is what `waymark cleanup` does by default. */
export type Retention = Pick<CleanUpOptions, 'olderThanDays' | 'newestRuns'>

const rules: OptionRules<Retention> = {
  olderThanDays: {
    text: 'a number of days from 0 on',
    holds: value => typeof value === 'number' && Number.isFinite(value) && value >= 0,
  },
  newestRuns: { text: 'a whole number from 0 on', holds: value => Number.isSafeInteger(value) && Number(value) >= 0 },
}

/** @throws WaymarkError `invalid` */
export function checkRetention(call: string, retention: unknown): void {
  if (retention !== undefined && retention !== false) checkOptions<Retention>(`retention of ${call}`, retention, rules)
}

/** What a retention did: for the end of a run, which it must not change. */
export interface AppliedRetention {
  readonly removed: number
  /** For people; undefined where there is nothing to tell. */
  readonly notice?: string
}

const dayMs = 86_400_000

/** Never rejects: whatever happens, the run has ended as it has. */
export async function applyRetention(core: StoreCore, retention: Retention): Promise<AppliedRetention> {
  try {
    if (!(await isAnyOld(core, retention))) return { removed: 0 }
    const { removed, olderThanDays } = await cleanUp(core, retention)
    if (removed.length === 0) return { removed: 0 }
    const what = removed.length === 1 ? '1 checkpoint' : `${removed.length} checkpoints`
    return { removed: removed.length, notice: `retention removed ${what} of runs that ended more than ${olderThanDays} days ago` }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { removed: 0, notice: `retention could not be applied (the run is not affected): ${why}` }
  }
}

/**
 * Most often nothing is old enough. A checkpoint is older than the end of its run (one that was saved for it later counts when it is old itself), so only the oldest is asked for: that takes as long
 * however many are kept. All are looked at where even one is old and stays, as a pinned one does: 76 ms for 10,000 (bench/retention.ts).
 */
async function isAnyOld(core: StoreCore, { olderThanDays = defaultRetentionDays }: Retention): Promise<boolean> {
  await core.feed.refresh()
  const before = core.clock.now() - olderThanDays * dayMs
  const [oldest] = await core.feed.query(catalog =>
    catalog.checkpoints({ sort: { field: 'createdAt', descending: false }, limit: 1 }),
  )
  return oldest !== undefined && oldest.createdAt <= before
}
