import type { CheckpointRecord } from '../model/checkpoint.ts'
import { exitCodeOf, isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { StreamSummary } from '../model/record-stream.ts'
import type { AttemptEnded, RunRecord } from '../model/records.ts'
import type { AttemptProof, CheckOutcome } from '../model/recovery-proof.ts'
import type { UnreachedStage } from '../model/unreached-stage.ts'
import type { Attempt } from './attempt.ts'
import { writeErrorCheckpoint } from './error-checkpoint.ts'
import { requestedStop, stateAfter } from './requested-stop.ts'

/** Exit code of what needs a decision of the user's and did not fail. */
const needsDecision = 9

/** Ends an attempt that did all that was asked of it. */
export async function endCompleted(
  attempt: Attempt,
  startedAt: number,
  how: {
    readonly result: CheckpointRecord | undefined
    readonly check: CheckOutcome | undefined
    /** A stage it was to stop at, and never came to: it is completed all the same. */
    readonly unreached?: UnreachedStage | undefined
  },
): Promise<AttemptProof> {
  const { result, check, unreached } = how
  const { proof } = attempt.check
  await attempt.appendAs('power', {
    ...recordOf(attempt, 'completed', proof, check),
    ...(result === undefined ? {} : { result }),
  })
  tell(attempt, startedAt, { state: 'completed', proof, check, unreached, records: await streamsOf(attempt) })
  return proof
}

/**
 * Ends an attempt that failed or was stopped, and gives the error that `pipeline.run` rejects with. If not even its end can be written, it has crashed as far as others can see, and the run goes on
 * all the same.
 */
export async function endFailed(
  attempt: Attempt,
  startedAt: number,
  thrown: unknown,
  check: CheckOutcome | undefined,
): Promise<WaymarkError> {
  const { core, run, pipeline, attempt: number, recorded } = attempt.facts
  const { proof } = attempt.check
  const bare = runError(attempt, thrown, check, undefined)
  const { request } = attempt
  // Held back before a stage, whatever is said of the names it was asked for.
  const state = isHeldBack(attempt, thrown) ? 'paused' : stateAfter(bare, request)
  if (bare.code === 'fenced') {
    tell(attempt, startedAt, { state, proof, check, error: bare })
    return bare
  }
  const place = attempt.placeOf(thrown)
  const error = core.redaction.thrown(thrown, place?.item)
  const saved =
    state === 'failed' && exitCodeOf[bare.code] !== needsDecision
      ? await writeErrorCheckpoint(core, { run, pipeline, attempt: number, error, place, recorded })
      : undefined
  const record: AttemptEnded = {
    ...recordOf(attempt, state, proof, check),
    ...(state === 'failed' ? { error } : request === undefined ? {} : { request }),
    ...(state === 'paused' && attempt.heldBack !== undefined ? { held: attempt.heldBack.option } : {}),
  }
  const kept =
    saved !== undefined &&
    (await appended(
      attempt,
      { type: 'checkpoint.saved', time: core.clock.now(), checkpoint: saved },
      { ...record, errorCheckpoint: saved.id },
    ))
  if (!kept) await appended(attempt, record)
  const shown = kept ? runError(attempt, thrown, check, saved.id) : bare
  for (const difference of proof.differences)
    if (shown.code !== 'internal')
      attempt.emit({ type: 'notice', message: `the counts do not add up (an error of Waymark's own): ${difference}` })
  const records = await streamsOf(attempt)
  tell(attempt, startedAt, { state, proof, check, error: shown, records, ...(kept ? { errorCheckpoint: saved.id } : {}) })
  return shown
}

const isHeldBack = ({ heldBack }: Attempt, thrown: unknown): boolean =>
  heldBack !== undefined && thrown instanceof WaymarkError && thrown.cause === heldBack.error

/** @throws WaymarkError `internal` if what was counted is not what was planned */
export function mustAddUp(attempt: Attempt): void {
  const { differences } = attempt.check.proof
  if (differences.length === 0) return
  const { run } = attempt.facts
  throw new WaymarkError('internal', {
    message: `what run ${run} planned and what it did do not add up: ${differences[0]}`,
    means: 'Everything recorded is kept as it is, but may have gaps or repetitions. This is an error of Waymark itself.',
    remedy: `waymark events ${run} --raw  shows every record; please report it with them`,
    details: { run, differences },
  })
}

async function appended(attempt: Attempt, ...records: readonly RunRecord[]): Promise<boolean> {
  try {
    await attempt.appendAs('power', ...records)
    return true
  } catch {
    return false
  }
}

function recordOf(
  attempt: Attempt,
  state: AttemptEnded['state'],
  proof: AttemptProof,
  check: CheckOutcome | undefined,
): AttemptEnded {
  const { core, attempt: number } = attempt.facts
  return {
    type: 'attempt.ended',
    time: core.clock.now(),
    attempt: number,
    state,
    proof,
    ...(check === undefined ? {} : { check }),
    ...attempt.lastTimings(),
  }
}

interface Ending {
  readonly state: 'completed' | 'failed' | 'paused' | 'cancelled'
  readonly proof: AttemptProof
  readonly check: CheckOutcome | undefined
  readonly error?: WaymarkError
  readonly errorCheckpoint?: string
  readonly unreached?: UnreachedStage | undefined
  readonly records?: readonly StreamSummary[] | undefined
}

/** What its record streams add up to, if it has any; the run is what it is also if that cannot be read. */
async function streamsOf({ facts }: Attempt): Promise<readonly StreamSummary[] | undefined> {
  const { core, run, pipeline, recorded } = facts
  if (recorded.streams.size === 0) return undefined
  const recordTail = recorded.created?.recordTail
  const { summarizeRecordStreams } = await import('./summarize-record-streams.ts')
  try {
    await core.feed.refresh()
    return await summarizeRecordStreams(core, { id: run, pipeline, ...(recordTail === undefined ? {} : { recordTail }) })
  } catch {
    return undefined
  }
}

function tell(attempt: Attempt, startedAt: number, ending: Ending): void {
  const { core, recorded } = attempt.facts
  const { state, proof, check, error, errorCheckpoint, unreached, records } = ending
  attempt.emit({
    type: 'run.ended',
    state,
    durationMs: core.clock.monotonicMs() - startedAt,
    setAside: recorded.setAside,
    proof,
    ...(check === undefined ? {} : { check }),
    ...(error === undefined ? {} : { error: error.toJSON() }),
    ...(errorCheckpoint === undefined ? {} : { errorCheckpoint }),
    ...(unreached === undefined ? {} : { unreached }),
    ...(records === undefined ? {} : { records }),
  })
}

/** Waymark's own errors as they are, the user's as the cause of `failed`. */
function runError(
  attempt: Attempt,
  error: unknown,
  check: CheckOutcome | undefined,
  checkpoint: string | undefined,
): WaymarkError {
  const { run, signal } = attempt.facts
  if (attempt.request !== undefined && (isWaymarkError(error, 'cancelled') || !isWaymarkError(error)))
    return requestedStop(run, attempt.request)
  if (isWaymarkError(error)) return error
  if (attempt.stopping) {
    return new WaymarkError('cancelled', {
      message: `run ${run} was told to stop`,
      means: 'Everything finished so far is recorded.',
      remedy: 'Run the same command again: it goes on from here.',
      retryable: true,
      cause: signal?.reason ?? error,
      details: { run, paused: true },
    })
  }
  const place = attempt.placeOf(error)
  return new WaymarkError('failed', {
    message: `${whereOf(place, check)} failed: ${error instanceof Error ? error.message : String(error)}`,
    means: 'Everything finished before it is recorded; the run can go on.',
    remedy: `Mend the cause, then run the same command again: it goes on from here (waymark show ${run}).`,
    cause: error,
    details: {
      run,
      ...(place?.stage === undefined ? {} : { stage: place.stage }),
      ...(place?.item === undefined ? {} : { item: place.item }),
      ...(place?.index === undefined ? {} : { index: place.index }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    },
  })
}

function whereOf(place: { readonly stage: string; readonly item?: string } | undefined, check: CheckOutcome | undefined): string {
  if (check?.outcome === 'failed') return 'the check after the recovery'
  if (place === undefined) return 'the pipeline'
  return place.item === undefined ? place.stage : `item ${place.item} of ${place.stage}`
}
