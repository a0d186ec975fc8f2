import { WaymarkError } from '../model/errors.ts'
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
  if (request !== undefined && !resumePaused) {
    throw new WaymarkError('paused', {
      message: `run ${run.id} of ${run.pipeline} is paused: by ${requestText(request)}, ${new Date(request.time).toISOString()}`,
      means: 'Nothing was run; everything it recorded is kept.',
      remedy: `waymark resume ${run.id}  goes on with it; in the library { resumePaused: true }; --fresh starts anew.`,
      details: { run: run.id, request },
    })
  }
  if (run.state !== 'cancelled' || run.request === undefined) return
  throw new WaymarkError('conflict', {
    message: `run ${run.id} of ${run.pipeline} was cancelled by ${requestText(run.request)}, and does not come back`,
    means: 'Nothing was run; what it recorded stays.',
    remedy: 'Start a new run: leave out its id, or choose another.',
    details: { run: run.id, request: run.request },
  })
}

/** What an attempt is after it ended with this error. */
export function stateAfter(error: WaymarkError, request: StopRequest | undefined): 'failed' | 'paused' | 'cancelled' {
  // A run that the pipeline itself began and that was paused is a failure of this one.
  if (error.code !== 'cancelled' && (error.code !== 'paused' || request === undefined)) return 'failed'
  return request?.kind === 'cancel' ? 'cancelled' : 'paused'
}
