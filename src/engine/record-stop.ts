import { isWaymarkError } from '../model/errors.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { AttemptEnded } from '../model/records.ts'
import type { RunView } from '../model/run-view.ts'
import type { StopRequest } from '../model/stop-request.ts'
import { foldRecords } from './fold-records.ts'
import { ownedForAMoment } from './owned-for-a-moment.ts'
import type { OwnedRun } from './ownership.ts'
import { encodeRunRecord } from './record-codec.ts'
import type { StoreCore } from './store-core.ts'

/** Writes down that a run which nobody works on is paused or cancelled. False: it is owned by somebody after all, or over; then it is to be looked at again. */
export async function recordStop(core: StoreCore, run: RunView, request: StopRequest): Promise<boolean> {
  try {
    return await ownedForAMoment(core, run, async owned => {
      const record = await endRecord(core, run, owned, request)
      if (record === undefined) return false
      await core.log.append(owned.ownership, [encodeRunRecord(record)])
      await core.requests.forget(run.id, record.attempt)
      return true
    })
  } catch (error) {
    if (isWaymarkError(error, 'lease_held') || isWaymarkError(error, 'fenced')) return false
    throw error
  }
}

/** What this process asks for when it gives a run up. */
export function cancelRequest(core: StoreCore, reason: string): StopRequest {
  const { host, pid } = core.self
  return { kind: 'cancel', time: core.clock.now(), by: { host, pid }, reason }
}

/** The end that a request puts to a run; undefined where it is over already. */
export async function endRecord(
  core: StoreCore,
  seen: RunView,
  owned: OwnedRun,
  request: StopRequest,
): Promise<AttemptEnded | undefined> {
  const recorded = await foldRecords(core.log, owned.history.records)
  if (recorded.isCompleted || (recorded.ended?.state === 'cancelled' && !recorded.reopened)) return undefined
  return endOf(core, seen, owned, recorded, request)
}

/** What an earlier end said of a failure stays said: the next attempt needs it. */
export function endOf(
  core: StoreCore,
  seen: RunView,
  owned: OwnedRun,
  recorded: RecordedRun,
  request: StopRequest,
): AttemptEnded {
  const { ended, lastAttempt, attempts } = recorded
  // An owner that this take-over fenced unseen, or one whose disk was too broken to record its end, may hold output files open.
  const unknownOwner = ended === undefined && (attempts !== seen.attempt || lastAttempt?.owner.process === core.self.process)
  const isAlone = owned.earlierOwnerDead && !unknownOwner && ended?.earlierOwnersDead !== false
  return {
    type: 'attempt.ended',
    time: core.clock.now(),
    attempt: attempts,
    state: request.kind === 'cancel' ? 'cancelled' : 'paused',
    request,
    ...(isAlone ? {} : { earlierOwnersDead: false }),
    ...(ended?.cause === undefined ? {} : { cause: ended.cause }),
    ...(ended?.error === undefined ? {} : { error: ended.error }),
    ...(ended?.errorCheckpoint === undefined ? {} : { errorCheckpoint: ended.errorCheckpoint }),
  }
}
