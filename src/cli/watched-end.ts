import { requestedStop } from '../engine/requested-stop.ts'
import type { RunSummary } from '../engine/run-summary.ts'
import { type ErrorJson, exitCodeOf, WaymarkError } from '../model/errors.ts'
import type { StageView } from '../model/run-view.ts'
import { pausedOnPurpose } from '../model/stop-request.ts'
import type { RunEnd } from './render/end-lines.ts'
import { nextActions } from './render/next-action.ts'
import { roughDuration } from './render/quantities.ts'
import { causeText, shownStateOf } from './render/run-label.ts'

/** Exit code of a run that a signal paused: the signal's own is not recorded. */
const needsDecision = 9

/** How a run ended that somebody only watches; undefined while a process works on it. */
export function endOfWatched(run: RunSummary, stages: readonly StageView[], now: number): RunEnd | undefined {
  if (run.liveness === 'alive') return undefined
  const setAside = stages.reduce((sum, { counts }) => sum + (counts?.setAside ?? 0), 0)
  const [next = ''] = nextActions(run, { staleAfterMs: Number.POSITIVE_INFINITY, now })
  const end = { next, run: run.id, durationMs: (run.endedAt ?? run.updatedAt) - run.createdAt, setAside }
  const state = shownStateOf(run)
  switch (state) {
    case 'completed':
      return { ...end, state, exitCode: setAside > 0 ? 4 : 0 }
    case 'cancelled': {
      const error = run.request === undefined ? {} : { error: requestedStop(run.id, run.request).toJSON() }
      return { ...end, state, exitCode: exitCodeOf.cancelled, ...error }
    }
    case 'initialized':
    case 'paused': {
      const request = pausedOnPurpose(run)
      const error = request === undefined ? {} : { error: requestedStop(run.id, request).toJSON() }
      return { ...end, state: 'paused', exitCode: needsDecision, ...error }
    }
    default: {
      const error = state === 'crashed' ? crashed(run, next, now) : failed(run, next)
      return {
        ...end,
        state: 'failed',
        exitCode: exitCodeOf[error.code],
        error,
        ...(run.error === undefined ? {} : { cause: run.error }),
      }
    }
  }
}

const safe = 'Everything recorded is safe; the run can go on.'

function crashed(run: RunSummary, next: string, now: number): ErrorJson {
  const why = run.cause === undefined ? `process ${run.owner?.pid} on ${run.owner?.host} is gone` : causeText(run.cause)
  return new WaymarkError('failed', {
    message: `run ${run.id} of ${run.pipeline} crashed: ${why}; its last record is ${roughDuration(now - run.updatedAt)} old`,
    means: safe,
    remedy: next,
    details: { run: run.id, crashed: true },
  }).toJSON()
}

function failed(run: RunSummary, next: string): ErrorJson {
  const known = run.error?.waymark
  if (known !== undefined) return known
  const where = run.error?.item === undefined ? (run.lastStage ?? 'the pipeline') : `item ${run.error.item} of ${run.lastStage}`
  return new WaymarkError('failed', {
    message: `${where} failed: ${run.error?.message ?? 'why was not recorded'}`,
    means: safe,
    remedy: next,
    details: { run: run.id },
  }).toJSON()
}
