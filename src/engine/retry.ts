import type { Clock, Random } from '../model/clock.ts'
import { describe } from '../model/describe.ts'
import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'
import { randomFraction } from '../model/random-fraction.ts'
import { retryAfterMs } from './retry-after.ts'
import type { RetryPolicy } from './run.ts'

/** Thrown by `ctx.fail(error)`: the error is final. */
export class FinalFailure extends Error {
  override readonly name = 'FinalFailure'
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** Thrown by `ctx.retry()`: call again after a pause. */
export class RetryRequest extends Error {
  override readonly name = 'RetryRequest'
  readonly afterMs: number | undefined
  /** @throws WaymarkError `invalid` */
  constructor(afterMs: number | undefined, cause: unknown) {
    if (afterMs !== undefined && !(typeof afterMs === 'number' && afterMs >= 0 && Number.isFinite(afterMs)))
      throw badPause(afterMs)
    super('the item asked for another call', cause === undefined ? undefined : { cause })
    this.afterMs = afterMs
  }
}

function badPause(afterMs: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `ctx.retry: afterMs must be a number of milliseconds, not ${JSON.stringify(afterMs) ?? String(afterMs)}`,
    means: 'The item is not called again because of this.',
    remedy: 'throw ctx.retry({ afterMs: 2_000 })',
  })
}

const defaultDelayMs = 100
const defaultMaxDelayMs = 30_000

/** What happened around a call that threw. */
export interface FailedCall {
  /** From 1. */
  readonly call: number
  readonly error: unknown
  /** Since the first call began. */
  readonly elapsedMs: number
  /** For all calls and pauses together. */
  readonly totalTimeoutMs?: number | undefined
}

/**
 * What to do after a call threw: the pause before the next one, or undefined for no further call. Exponential backoff with full jitter (a random part of 0 to `delayMs` x 2^(call-1), so that many clients
 * do not come back at once: M. Brooker, "Exponential Backoff And Jitter", AWS 2015); what `ctx.retry({ afterMs })` or a server's Retry-After says comes before it. Errors of Waymark's own (a full
 * disk, a lost lease, a misuse) are not retried, but for a call that took too long: calling the user's function again cannot mend them.
 */
export function retryDelayMs(
  policy: RetryPolicy | undefined,
  failed: FailedCall,
  clock: Clock,
  random: Random,
): number | undefined {
  const { call, error, elapsedMs, totalTimeoutMs } = failed
  if (policy === undefined || call >= policy.attempts) return undefined
  if (error instanceof FinalFailure || (error instanceof WaymarkError && error.code !== 'limit')) return undefined
  const delayMs = askedFor(error, clock.now()) ?? backoffMs(policy, call, random)
  return totalTimeoutMs !== undefined && elapsedMs + delayMs >= totalTimeoutMs ? undefined : delayMs
}

/** Whether the pause after this error is one that it asked for itself, as a rate limit does. */
export const pauseKind = (error: unknown, nowMs: number): 'limit' | 'retry' =>
  askedFor(error, nowMs) === undefined ? 'retry' : 'limit'

function askedFor(error: unknown, nowMs: number): number | undefined {
  if (!(error instanceof RetryRequest)) return retryAfterMs(error, nowMs)
  return error.afterMs ?? retryAfterMs(error.cause, nowMs)
}

function backoffMs(policy: RetryPolicy, call: number, random: Random): number {
  const most = Math.min((policy.delayMs ?? defaultDelayMs) * 2 ** (call - 1), policy.maxDelayMs ?? defaultMaxDelayMs)
  return policy.jitter === 'none' ? most : most * randomFraction(random)
}

/** The error the user meant: what `ctx.fail` and `ctx.retry` wrap is taken out again. */
export function meantError(error: unknown): unknown {
  if (error instanceof FinalFailure) return error.cause
  if (error instanceof RetryRequest) return error.cause ?? error
  return error
}

/** @throws WaymarkError `invalid` */
export function checkRetry(policy: RetryPolicy | undefined): void {
  if (policy === undefined) return
  const wrong = wrongRetry(policy)
  if (wrong === undefined) return
  throw new WaymarkError('invalid', {
    message: wrong,
    means: 'The stage was not started.',
    remedy: 'retry: { attempts: 3, delayMs: 200 } means at most three calls in all, with pauses of up to 200 and 400 ms.',
  })
}

const retryNames: readonly string[] = ['attempts', 'delayMs', 'maxDelayMs', 'jitter'] satisfies (keyof RetryPolicy)[]

function wrongRetry(policy: unknown): string | undefined {
  if (typeof policy !== 'object' || policy === null) return `retry must be an object, not ${describe(policy)}`
  for (const name of Object.keys(policy)) {
    const near = nearest(name, retryNames)
    if (!retryNames.includes(name))
      return `retry has no ${JSON.stringify(name)}${near === undefined ? '' : `; did you mean ${near}?`}`
  }
  const { attempts, delayMs, maxDelayMs, jitter }: { [name in keyof RetryPolicy]?: unknown } = policy
  if (!Number.isInteger(attempts) || Number(attempts) < 1)
    return `retry.attempts must be a whole number of at least 1, not ${describe(attempts)}`
  for (const [name, value] of Object.entries({ delayMs, maxDelayMs })) {
    if (value !== undefined && (typeof value !== 'number' || !(value >= 0)))
      return `retry.${name} must be a number of milliseconds, not ${describe(value)}`
  }
  return jitter === undefined || jitter === 'full' || jitter === 'none'
    ? undefined
    : `retry.jitter must be 'full' or 'none', not ${describe(jitter)}`
}
