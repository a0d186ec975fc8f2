import { WaymarkError } from '../model/errors.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { RunView } from '../model/run-view.ts'
import { pausedOnPurpose, requestText, type StopRequest } from '../model/stop-request.ts'

/** What an attempt ends with that somebody asked to end: what it finished is recorded. */
export function requestedStop(run: string, request: StopRequest): WaymarkError {
  const details = { run, request, stopped: true }
  if (request.kind === 'cancel') {
    return new WaymarkError('cancelled', {
      message: `run ${run} was cancelled by ${requestText(request)}`,
      means: 'Everything finished before is recorded and stays; the run does not come back.',
      remedy: `waymark resume ${run} --fresh  begins a new run of the same work`,
      details: { ...details, cancelled: true },
    })
  }
  return new WaymarkError('paused', {
    message: `run ${run} was paused by ${requestText(request)}`,
    means: 'Everything finished so far is recorded.',
    remedy: `waymark resume ${run}`,
    details: { ...details, paused: true },
  })
}

/**
 * Whether an attempt may begin: somebody who paused a run wants it to stand still, also where a timer runs the same command again.
 *
 * @throws WaymarkError `paused`, `conflict` if the run was cancelled and is named by its id
 */
export function checkNotStopped(run: RunView | undefined, resumePaused: boolean): void {
  if (run === undefined) return
  const request = pausedOnPurpose(run)
  if (request !== undefined && !resumePaused) throw standsStill(run, request)
  if (run.state !== 'cancelled' || run.request === undefined) return
  throw new WaymarkError('conflict', {
    message: `run ${run.id} of ${run.pipeline} was cancelled by ${requestText(run.request)}, and does not come back`,
    means: 'Nothing was run; what it recorded stays.',
    remedy: 'Start a new run: leave out its id, or choose another.',
    details: { run: run.id, request: run.request },
  })
}

/**
 * The same, of a run that is owned by now: somebody may have stopped it after it was looked up and before it was taken over. Who goes on with what was paused means the pause that he saw.
 *
 * @throws WaymarkError `cancelled`, `paused`
 */
export function checkNotStoppedSince(seen: RunView, { ended, reopened }: Pick<RecordedRun, 'ended' | 'reopened'>): void {
  if (ended?.request === undefined || reopened) return
  if (ended.state === 'cancelled') throw cancelledMeanwhile(seen, ended.request)
  if (ended.state === 'paused' && pausedOnPurpose(seen)?.time !== ended.request.time) throw standsStill(seen, ended.request)
}

/** Of an attempt that was fenced before it recorded anything, by whoever cancelled the run. */
export const cancelledMeanwhile = ({ id, pipeline }: Pick<RunView, 'id' | 'pipeline'>, request: StopRequest): WaymarkError =>
  new WaymarkError('cancelled', {
    message: `run ${id} of ${pipeline} was cancelled by ${requestText(request)}, just before this attempt began`,
    means: 'Nothing was run; what it recorded stays, and it does not come back.',
    remedy: `waymark resume ${id} --fresh  begins a new run of the same work`,
    details: { run: id, request, cancelled: true },
  })

const standsStill = ({ id, pipeline }: RunView, request: StopRequest): WaymarkError =>
  new WaymarkError('paused', {
    message: `run ${id} of ${pipeline} is paused: by ${requestText(request)}, ${new Date(request.time).toISOString()}`,
    means: 'Nothing was run; everything it recorded is kept.',
    remedy: `waymark resume ${id}  goes on with it; in the library { resumePaused: true }; --fresh starts anew.`,
    details: { run: id, request },
  })

/** What an attempt is after it ended with this error. */
export function stateAfter(error: WaymarkError, request: StopRequest | undefined): 'failed' | 'paused' | 'cancelled' {
  // A run that the pipeline itself began and that was paused is a failure of this one.
  if (error.code !== 'cancelled' && (error.code !== 'paused' || request === undefined)) return 'failed'
  return request?.kind === 'cancel' ? 'cancelled' : 'paused'
}
