import { isWaymarkError, WaymarkError } from '../model/errors.ts'

/** Why nothing more is started: the run was told to stop, lost its right to write, or the call it was started in took too long. */
export function stopped(signal: AbortSignal): WaymarkError {
  const { reason } = signal
  if (signal.aborted && (isWaymarkError(reason, 'fenced') || isWaymarkError(reason, 'limit'))) return reason
  return new WaymarkError('cancelled', {
    message: 'the run was told to stop',
    means: 'Everything finished so far is recorded.',
    remedy: 'Run the same command again: it goes on from here.',
    retryable: true,
    details: { paused: true },
  })
}

/** Why a stage is not called: the attempt was asked to keep to others. */
export function heldBack(run: string, stage: string, option: string): WaymarkError {
  return new WaymarkError('cancelled', {
    message: `run ${run} stopped before ${stage}, as asked with ${option}`,
    means: 'Everything finished so far is recorded.',
    remedy: `waymark resume ${run}  goes on with the rest`,
    retryable: true,
    details: { run, stage, paused: true, held: option },
  })
}

/** The run has a newer owner. */
export function fenced(run: string): WaymarkError {
  return new WaymarkError('fenced', {
    message: `run ${run} has a newer owner: another process took it over while this one was thought dead`,
    means: 'This process wrote nothing after that; what it recorded before is safe and the new owner goes on from it.',
    remedy: `Let this process end. Look at the run with: waymark show ${run}`,
    details: { run },
  })
}
