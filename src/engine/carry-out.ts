import type { CheckpointRecord } from '../model/checkpoint.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { CheckOutcome } from '../model/recovery-proof.ts'
import { type UnreachedStage, unreachedError } from '../model/unreached-stage.ts'
import { applyRetention } from './apply-retention.ts'
import type { Attempt } from './attempt.ts'
import { untilAborted } from './call-in-time.ts'
import type { Retention } from './check-retention.ts'
import { endCompleted, endFailed, mustAddUp } from './end-attempt.ts'
import { eventVerbs } from './event-verbs.ts'
import type { Pipeline, RunOutcome } from './pipeline.ts'
import { recordStreamVerbs } from './record-stream-recorder.ts'
import { type CheckEnd, checkRecovery } from './recovery-check.ts'
import type { Run } from './run.ts'
import type { StoreCore } from './store-core.ts'
import { ValueDraws } from './value-draws.ts'
import { writeCheckpoint } from './write-checkpoint.ts'

/** What a user gave to `pipeline()`. */
export type PipelineFunction = (run: Run, params: unknown) => unknown

/** Calls the pipeline's function, waits for every stage it started, and records how it ended. */
export async function carryOut(
  attempt: Attempt,
  fn: PipelineFunction,
  params: unknown,
  { check, retention: own }: Pick<Pipeline<never, unknown>, 'check' | 'retention'>,
): Promise<RunOutcome> {
  const { core } = attempt.facts
  const startedAt = core.clock.monotonicMs()
  const retention = own ?? core.retention
  let failure: { readonly error: unknown } | undefined
  let value: unknown
  try {
    value = await untilAborted(attempt.signal, () => fn(runOf(attempt), params))
  } catch (error) {
    failure = { error }
  }
  const unobserved = await attempt.started.settle()
  // Before the record of its end: nothing of the run comes after that.
  await attempt.events.close()
  failure ??= unobserved
  const { heldBack } = attempt
  // The pipeline may have caught what stopped it, or made another error of it.
  if (heldBack !== undefined && !attempt.hasFailed) failure = { error: heldBack.error }
  const unreached = attempt.facts.selection.unreached(attempt.calls.paths)
  if (unreached !== undefined && failure !== undefined && failure.error === heldBack?.error)
    failure = { error: unreachedError(unreached, heldBack?.error) }
  let checked: CheckEnd | undefined
  if (failure === undefined) {
    try {
      mustAddUp(attempt)
      checked = await checkRecovery(attempt, check, value)
      if (checked !== undefined && 'error' in checked) throw checked.error
      const outcome = await complete(attempt, value, startedAt, { check: checked?.outcome, unreached })
      return { ...outcome, ...(await retain(attempt, retention)) }
    } catch (error) {
      failure = { error }
    }
  }
  const error = await endFailed(attempt, startedAt, failure.error, checked?.outcome)
  if (!['fenced', 'cancelled', 'paused'].includes(error.code)) await retain(attempt, retention)
  await showOthers(core)
  throw error
}

/** What the retention removed, where there is one. */
async function retain(attempt: Attempt, retention: Retention | false | undefined): Promise<Pick<RunOutcome, 'removed'>> {
  if (retention === undefined || retention === false) return {}
  const { removed, notice } = await applyRetention(attempt.facts.core, retention)
  if (notice !== undefined) attempt.emit({ type: 'notice', message: notice })
  return { removed }
}

async function complete(
  attempt: Attempt,
  value: unknown,
  startedAt: number,
  how: { readonly check: CheckOutcome | undefined; readonly unreached: UnreachedStage | undefined },
): Promise<RunOutcome> {
  const { core, run, recorded } = attempt.facts
  const { check, unreached } = how
  const result = await keepResult(attempt, value)
  const proof = await endCompleted(attempt, startedAt, { result, ...how })
  await showOthers(core)
  return {
    run,
    state: 'completed',
    value,
    setAside: recorded.setAside,
    proof,
    ...(check === undefined ? {} : { check }),
    ...(unreached === undefined ? {} : { unreached }),
  }
}

/** The value the pipeline returned, as a checkpoint. One that cannot be stored does not undo the work: the run completes, and says that it is not kept. */
async function keepResult(attempt: Attempt, value: unknown): Promise<CheckpointRecord | undefined> {
  if (value === undefined) return undefined
  const { core, run } = attempt.facts
  try {
    return await writeCheckpoint(core, value, { run, type: 'result' })
  } catch (error) {
    if (!isWaymarkError(error, 'invalid')) throw error
    attempt.emit({ type: 'notice', message: `the value that the pipeline returned is not kept: ${error.message}` })
    return undefined
  }
}

/** What was recorded is recorded, whether or not the catalog can show it yet. */
const showOthers = (core: StoreCore): Promise<void> => core.feed.flush().catch(() => {})

function runOf(attempt: Attempt): Run {
  const draws = new ValueDraws(attempt, '')
  return {
    id: attempt.facts.run,
    attempt: attempt.facts.attempt,
    signal: attempt.signal,
    ...attempt.verbs(''),
    ...eventVerbs(attempt.events, ''),
    ...recordStreamVerbs(attempt.streams, ''),
    now: name => draws.now(name),
    uuid: name => draws.uuid(name),
    random: name => draws.random(name),
  }
}
