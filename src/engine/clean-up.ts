import { isDeepStrictEqual } from 'node:util'
import { statusOf } from '../model/checkpoint-status.ts'
import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import { type RetentionReason, type RetentionRule, type RunToRetain, retain } from '../model/retention.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { allCheckpoints, allRuns } from './all-pages.ts'
import { deleteCheckpoints } from './delete-checkpoints.ts'
import { type Fork, heldByForks } from './fork-needs.ts'
import type { StoreCore } from './store-core.ts'

export interface CleanUpOptions {
  /** Only of runs that ended so long ago. Default 7. */
  readonly olderThanDays?: number
  /** So many newest runs of each pipeline keep everything. Default 10. */
  readonly newestRuns?: number
  /** True: only says what would be removed. */
  readonly plan?: boolean
}

/** What a clean-up removed, or would remove. */
export interface CleanUpReport {
  readonly planned: boolean
  readonly olderThanDays: number
  readonly removed: readonly RemovedCheckpoint[]
  /** Bytes these take in the store, as recorded when each was saved: what others share with them stays. Freed by a prune, not by this. */
  readonly storedBytes: number
  readonly kept: readonly KeptCheckpoints[]
}

export interface RemovedCheckpoint {
  readonly id: string
  readonly run?: string
  readonly stage?: string
  readonly createdAt: number
  readonly storedBytes: number
}

export interface KeptCheckpoints {
  readonly reason: RetentionReason
  readonly checkpoints: number
  readonly storedBytes: number
}

const dayMs = 86_400_000
export const defaultRetentionDays = 7
export const defaultRuns = 10

/**
 * Deletes what the rule of `model/retention.ts` no longer keeps. Interrupted, what was deleted until then is deleted; run again, it deletes the rest.
 *
 * @throws WaymarkError `invalid` if a number is none
 */
export async function cleanUp(core: StoreCore, options: CleanUpOptions = {}): Promise<CleanUpReport> {
  const { olderThanDays = defaultRetentionDays, newestRuns = defaultRuns, plan = false } = options
  checkNumber('olderThanDays', olderThanDays, Number.isFinite(olderThanDays) && olderThanDays >= 0)
  checkNumber('newestRuns', newestRuns, Number.isInteger(newestRuns) && newestRuns >= 0)
  await core.feed.refresh()
  const now = core.clock.now()
  const runs: RunToRetain[] = []
  for await (const { id, pipeline, state, createdAt, endedAt, updatedAt } of allRuns(core)) {
    const finished = state === 'completed' || state === 'cancelled'
    runs.push({ id, pipeline, finished, createdAt, endedAt: endedAt ?? updatedAt })
  }
  const views: Seen[] = []
  for await (const view of allCheckpoints(core)) views.push(seen(view, now))
  const rule = { now, olderThanMs: olderThanDays * dayMs, newestRuns }
  const forks = await forksOf(core)
  let reasons = await reasonsOf(core, views, runs, forks, rule)
  if (!plan) {
    // Somebody may have forked while all this was looked at.
    await core.feed.refresh()
    const forksNow = await forksOf(core)
    if (!isDeepStrictEqual(forksNow, forks)) reasons = await reasonsOf(core, views, runs, forksNow, rule)
  }
  const removed = views.filter(({ id }) => reasons.get(id) === 'old')
  if (!plan)
    await deleteCheckpoints(
      core,
      removed.map(({ id }) => id),
    )
  return {
    planned: plan,
    olderThanDays,
    removed: removed.map(({ id, run, stage, createdAt, storedBytes }) => ({
      id,
      ...(run === undefined ? {} : { run }),
      ...(stage === undefined ? {} : { stage }),
      createdAt,
      storedBytes,
    })),
    storedBytes: removed.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    kept: keptOf(views, reasons),
  }
}

async function forksOf(core: StoreCore): Promise<readonly Fork[]> {
  const forks: Fork[] = []
  for await (const { id, state, forkedFrom } of allRuns(core)) if (forkedFrom !== undefined) forks.push({ id, state, forkedFrom })
  return forks
}

async function reasonsOf(
  core: StoreCore,
  views: readonly Seen[],
  runs: readonly RunToRetain[],
  forks: readonly Fork[],
  rule: RetentionRule,
): Promise<ReadonlyMap<string, RetentionReason>> {
  const held = await heldByForks(core, forks)
  const checkpoints = views.map(view => {
    const forkedBy = held.get(view.id)
    return forkedBy === undefined ? view : { ...view, forkedBy }
  })
  return retain(checkpoints, runs, rule)
}

type Seen = ReturnType<typeof seen>

/** What is looked at of a checkpoint; of tens of thousands the rest is not kept. */
const seen = (view: CheckpointView, now: number) => ({
  id: view.id,
  ...(view.run === undefined ? {} : { run: view.run }),
  ...(view.stage === undefined ? {} : { stage: view.stage }),
  type: view.type,
  order: view.order,
  status: statusOf(view, now),
  pinned: (view.pins ?? []).length > 0,
  createdAt: view.createdAt,
  storedBytes: view.storedBytes,
})

function keptOf(views: readonly Seen[], reasons: ReadonlyMap<string, RetentionReason>): KeptCheckpoints[] {
  const kept = new Map<RetentionReason, KeptCheckpoints>()
  for (const { id, storedBytes } of views) {
    const reason = reasons.get(id)
    if (reason === undefined || reason === 'old') continue
    const before = kept.get(reason) ?? { reason, checkpoints: 0, storedBytes: 0 }
    kept.set(reason, { reason, checkpoints: before.checkpoints + 1, storedBytes: before.storedBytes + storedBytes })
  }
  return [...kept.values()].sort((a, b) => b.checkpoints - a.checkpoints)
}

function checkNumber(name: string, value: unknown, sound: boolean): void {
  if (typeof value === 'number' && sound) return
  throw new WaymarkError('invalid', {
    message: `${name} is ${describe(value)}`,
    means: 'Nothing was deleted.',
    remedy: 'Give a number from 0 on: cleanUp({ olderThanDays: 30 }).',
  })
}
