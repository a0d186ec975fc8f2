import { WaymarkError } from '../model/errors.ts'
import { isPromiseLike } from '../model/is-promise-like.ts'
import type { Attempt } from './attempt.ts'
import { stopped } from './stopped.ts'

/**
 * Calls `fn` with a signal that aborts with the run, or after `timeoutMs`, upon which the call is over whether or not the function obeys.
 *
 * @param outer of the call this one is made in: when that is over, so is this. Default: the run's.
 * @throws WaymarkError `limit` when the time is up, `cancelled` when the run is told to stop now
 */
export async function callInTime<Value>(
  attempt: Attempt,
  path: string,
  timeoutMs: number | undefined,
  fn: (signal: AbortSignal) => Value | PromiseLike<Value>,
  outer: AbortSignal = attempt.signal,
): Promise<Value> {
  if (timeoutMs === undefined) return untilAborted(outer, () => fn(outer))
  const controller = new AbortController()
  let cancel = () => {}
  const timedOut = new Promise<never>((_, reject) => {
    cancel = attempt.facts.core.clock.after(timeoutMs, () => {
      const error = outOfTime(path, timeoutMs)
      controller.abort(error)
      reject(error)
    })
  })
  try {
    const signal = AbortSignal.any([outer, controller.signal])
    return await Promise.race([untilAborted(attempt.signal, () => fn(signal)), timedOut])
  } finally {
    cancel()
  }
}

/** What `fn` gives, or `cancelled` once the signal aborts: a function that obeys no signal does not hold the run. */
export async function untilAborted<Value>(signal: AbortSignal, fn: () => Value | PromiseLike<Value>): Promise<Value> {
  if (signal.aborted) throw stopped(signal)
  const outcome = fn()
  if (!isPromiseLike(outcome)) return outcome
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(stopped(signal))
    // The function itself may have stopped the run before it had to wait.
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([outcome, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function outOfTime(path: string, timeoutMs: number): WaymarkError {
  return new WaymarkError('limit', {
    message: `${path} took longer than its timeoutMs of ${timeoutMs}`,
    means: 'It was not recorded; everything finished before is.',
    remedy: 'Raise timeoutMs, or find out why it hangs; then run the same command again.',
    retryable: true,
  })
}
