import { sleep } from '../model/clock.ts'
import type { Attempt } from './attempt.ts'
import { stopped } from './stopped.ts'

/**
 * Waits until the next call is due.
 *
 * @param outer of the call that the one to be repeated is made in: when that is over, so is the waiting
 * @throws WaymarkError `cancelled` when the run is told to stop, `limit` when the time of the outer call is up
 */
export async function pauseBetweenCalls(attempt: Attempt, delayMs: number, outer: AbortSignal): Promise<void> {
  const signal = outer === attempt.signal ? attempt.stopSignal : AbortSignal.any([attempt.stopSignal, outer])
  await sleep(attempt.facts.core.clock, delayMs, signal).catch(() => {
    throw stopped(outer)
  })
}
