import type { CodeDigest } from '../model/code-digest.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { Owner } from '../model/owner.ts'
import type { Plan } from '../model/plan.ts'
import type { RunCreated, RunRecord } from '../model/records.ts'
import type { Attempt } from './attempt.ts'
import { leaseHeld } from './ownership.ts'
import { cancelledMeanwhile } from './requested-stop.ts'
import type { StoreCore } from './store-core.ts'

export interface Beginning {
  readonly plan: Plan
  /** What a new run is created with. */
  readonly created: Omit<RunCreated, 'type' | 'time' | 'pipeline'>
  readonly supervisor?: Owner['supervisor'] | undefined
  readonly code?: CodeDigest | undefined
  /** What the attempt begins with: recorded with it, or neither is. */
  readonly first?: readonly RunRecord[]
}

/**
 * Records that an attempt begins, and before the first one the run itself.
 *
 * @throws WaymarkError `lease_held` if another process took the run over before anything of this attempt was recorded, `cancelled` if it did so to cancel the run
 */
export async function recordBeginning(
  attempt: Attempt,
  { plan, created, supervisor, code, first = [] }: Beginning,
): Promise<void> {
  const { core, pipeline, recorded, earlierOwnersDead } = attempt.facts
  // Older versions would not find the items that this one records.
  await core.upgrade()
  const time = core.clock.now()
  const records: RunRecord[] = []
  if (recorded.created === undefined) records.push({ type: 'run.created', time: await creationTime(core), pipeline, ...created })
  records.push({
    type: 'attempt.started',
    time,
    attempt: plan.attempt,
    owner: supervisor === undefined ? core.self : { ...core.self, supervisor },
    plan,
    earlierOwnersDead,
    node: process.version,
    ...(code === undefined ? {} : { code }),
  })
  await attempt.append(...records, ...first).catch(async (error: unknown) => {
    throw isWaymarkError(error, 'fenced') ? await overtaken(core, attempt.facts.run) : error
  })
}

/** Of two processes that took over one run at the same moment the first has done nothing yet: for it the run is simply being worked on. */
async function overtaken(core: StoreCore, run: string): Promise<WaymarkError> {
  await core.feed.refresh()
  const view = await core.feed.query(catalog => catalog.run(run))
  if (view?.owner !== undefined && view.owner.process !== core.self.process) return leaseHeld(core, view)
  if (view?.state === 'cancelled' && view.request !== undefined) return cancelledMeanwhile(view, view.request)
  return new WaymarkError('lease_held', {
    message: `another process has just begun to go on with run ${run}`,
    means: 'Nothing was started or changed.',
    remedy: `Wait until it ends (waymark show ${run}), or stop that process.`,
    retryable: true,
    details: { run },
  })
}

/** Now, but after every run there is: the last run is the one begun last, also where the clock was set back. A thousandth of a millisecond shows nowhere. */
export async function creationTime(core: StoreCore): Promise<number> {
  const [last] = await core.feed.query(catalog => catalog.runs({ limit: 1 }))
  const now = core.clock.now()
  return last === undefined || last.createdAt < now ? now : last.createdAt + 0.001
}
