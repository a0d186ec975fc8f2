import type { Ownership, StreamHistory } from '../log/log.ts'
import { sleep } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import type { Owner } from '../model/owner.ts'
import type { RunView } from '../model/run-view.ts'
import { endOrphan, isOrphan, provenLiveness } from './process-identity.ts'
import type { StoreCore } from './store-core.ts'

/**
 * What can be said of a run's owner. `ended`: nobody owns it. `alive`: proven, or its lease still runs. `dead`: provably. `expired`: not provable, but its lease ran out or was given back.
 */
export type RunLiveness = 'ended' | 'alive' | 'dead' | 'expired'

/** An orphan gets this long to stop by itself before it is killed. */
const orphanGraceMs = 3_000
const orphanPollMs = 50

export async function runLiveness(core: StoreCore, run: Pick<RunView, 'id' | 'owner'>): Promise<RunLiveness> {
  const { owner } = run
  if (owner === undefined) return 'ended'
  if (owner.process === core.self.process) return core.activeRuns.has(run.id) ? 'alive' : 'dead'
  const proven = provenLiveness(owner, core.self)
  if (proven === 'dead') return 'dead'
  const expiry = await core.leases.expiryOf(owner)
  // A process that lives and has given its lease back is done with the run: its disk was too broken to record the end.
  if (proven === 'alive') return expiry === 0 ? 'expired' : 'alive'
  return expiry > core.clock.now() ? 'alive' : 'expired'
}

export interface OwnedRun {
  readonly ownership: Ownership
  readonly history: StreamHistory
  /** True unless an earlier owner may still write to output files it holds open. */
  readonly earlierOwnerDead: boolean
}

/**
 * Becomes the owner of an existing run. A provably dead owner is replaced at once, one whose lease ran out too; an orphan (alive, but its supervisor is gone: the user ended
 * it) is given a moment to stop and then killed.
 *
 * @param reserved This process has put the run among its active ones: an attempt of its own that is on record is over.
 * @throws WaymarkError `lease_held` if its owner lives, saying who and since when; `fenced` if another process was faster
 */
export async function ownRun(core: StoreCore, run: RunView, reserved = false): Promise<OwnedRun> {
  let liveness = reserved && run.owner?.process === core.self.process ? 'dead' : await runLiveness(core, run)
  if (liveness === 'alive' && run.owner !== undefined && isOrphan(run.owner, core.self)) {
    await waitForOrphan(core, run.owner)
    liveness = await runLiveness(core, run)
  }
  if (liveness === 'alive') throw leaseHeld(core, run)
  const heads = await core.feed.query(catalog => catalog.heads([run.id]))
  const { ownership, history } = await core.log.takeOver(run.id, heads.get(run.id)?.segment)
  // This process keeps its own, whatever came of an earlier attempt of it.
  if (liveness === 'dead' && run.owner !== undefined && run.owner.process !== core.self.process)
    await core.leases.clear(run.owner)
  return { ownership, history, earlierOwnerDead: liveness !== 'expired' }
}

async function waitForOrphan(core: StoreCore, owner: Owner): Promise<void> {
  const deadline = core.clock.monotonicMs() + orphanGraceMs
  let killed = false
  while (provenLiveness(owner, core.self) === 'alive') {
    if (!killed && core.clock.monotonicMs() >= deadline) {
      endOrphan(owner, core.self)
      killed = true
    }
    if (core.clock.monotonicMs() >= deadline + orphanGraceMs) return
    await sleep(core.clock, orphanPollMs)
  }
}

export function leaseHeld(core: StoreCore, run: RunView): WaymarkError {
  const { owner } = run
  const where = owner?.process === core.self.process ? 'this process' : `process ${owner?.pid} on ${owner?.host}`
  const since = new Date(run.updatedAt).toISOString()
  return new WaymarkError('lease_held', {
    message: `run ${run.id} of ${run.pipeline} is being worked on by ${where} (attempt ${run.attempt}, last record ${since})`,
    means: 'Nothing was started or changed.',
    remedy: `Wait until it ends (waymark show ${run.id}), stop that process, or start separate work with other parameters.`,
    retryable: true,
    details: { run: run.id, owner, since: run.updatedAt },
  })
}
