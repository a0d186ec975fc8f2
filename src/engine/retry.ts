import { WaymarkError } from '../model/errors.ts'
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
  constructor(afterMs: number | undefined, cause: unknown) {
    super('the item asked for another call', cause === undefined ? undefined : { cause })
    this.afterMs = afterMs
  }
}

const defaultDelayMs = 100
const defaultMaxDelayMs = 30_000

/**
 * What to do after call number `call` (from 1) threw `error`: the pause before the next call, or undefined for no further call. Errors of Waymark's own (a full disk, a
 * lost lease, a misuse) are not retried, but for a call that took too long: calling the user's function again cannot mend them.
 */
export function retryDelayMs(policy: RetryPolicy | undefined, call: number, error: unknown): number | undefined {
  if (policy === undefined || call >= policy.attempts) return undefined
  if (error instanceof FinalFailure || (error instanceof WaymarkError && error.code !== 'limit')) return undefined
  if (error instanceof RetryRequest && error.afterMs !== undefined) return error.afterMs
  const delay = (policy.delayMs ?? defaultDelayMs) * 2 ** (call - 1)
  return Math.min(delay, policy.maxDelayMs ?? defaultMaxDelayMs)
}

/** The error the user meant: what `ctx.fail` and `ctx.retry` wrap is taken out again. */
export function meantError(error: unknown): unknown {
  if (error instanceof FinalFailure) return error.cause
  if (error instanceof RetryRequest) return error.cause ?? error
  return error
}

/** @throws WaymarkError `invalid` */
export function checkRetry(policy: RetryPolicy | undefined): void {
  if (policy === undefined || (Number.isInteger(policy.attempts) && policy.attempts >= 1)) return
  throw new WaymarkError('invalid', {
    message: `retry.attempts must be a whole number of at least 1, not ${policy.attempts}`,
    means: 'The stage was not started.',
    remedy: 'retry: { attempts: 3 } means at most three calls in all.',
  })
}
