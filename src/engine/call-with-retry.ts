import type { CheckpointRecord } from '../model/checkpoint.ts'
import { isPromiseLike } from '../model/is-promise-like.ts'
import type { OperationTimer } from '../model/operation-timer.ts'
import type { ScopePath } from '../model/scope.ts'
import { TableStream } from '../tables/table-stream.ts'
import type { Attempt } from './attempt.ts'
import { callInTime } from './call-in-time.ts'
import { currentScope } from './current-scope.ts'
import { pauseBetweenCalls } from './pause-between-calls.ts'
import { meantError, pauseKind, retryDelayMs } from './retry.ts'
import type { StageOptions } from './run.ts'
import { stopped } from './stopped.ts'
import { timeLimitMs } from './time-limit.ts'

export interface StageCall<Value> {
  readonly path: ScopePath
  readonly fn: (signal: AbortSignal) => Value | PromiseLike<Value>
  /** Keeps the rows of a table that come one by one, until the signal aborts. */
  readonly keepRows: (rows: TableStream<object>, signal: AbortSignal) => Promise<CheckpointRecord>
  /** Measures the pauses between calls. */
  readonly timer: OperationTimer
}

export interface Returned<Value> {
  readonly value: Value
  /** Of a table whose rows came one by one: they are there. */
  readonly kept: CheckpointRecord | undefined
}

/**
 * Calls a stage's function, again after errors as the policy says. Rows that come one by one belong to the call that gave them: to its time, its scope and its retries, for which the function is
 * called anew.
 */
export async function callWithRetry<Value>(
  attempt: Attempt,
  { path, fn, keepRows, timer }: StageCall<Value>,
  options: StageOptions<Value>,
  outer: AbortSignal,
): Promise<Returned<Value>> {
  const { clock, random } = attempt.facts.core
  const { totalTimeoutMs, retry } = options
  const startedMs = clock.monotonicMs()
  for (let calls = 1; ; calls++) {
    const limitMs = timeLimitMs(options, clock.monotonicMs() - startedMs)
    const rows: { kept?: Promise<CheckpointRecord> } = {}
    const call = (signal: AbortSignal): Value | Promise<Value> => {
      const taken = (value: Value): Value | Promise<Value> => {
        if (!(value instanceof TableStream)) return value
        // The call may have been over before it returned.
        if (signal.aborted) throw stopped(signal)
        rows.kept = keepRows(value, signal)
        return rows.kept.then(() => value)
      }
      const outcome = fn(signal)
      return isPromiseLike(outcome) ? Promise.resolve(outcome).then(taken) : taken(outcome)
    }
    try {
      const value = await callInTime(attempt, path, limitMs, signal => currentScope.run(path, () => call(signal)), outer)
      return { value, kept: await rows.kept }
    } catch (error) {
      // It ends when the call is over: nothing of it goes on beside what follows.
      await rows.kept?.catch(() => {})
      const failed = { call: calls, error, elapsedMs: clock.monotonicMs() - startedMs, totalTimeoutMs }
      const delayMs = attempt.stopping || outer.aborted ? undefined : retryDelayMs(retry, failed, clock, random)
      if (delayMs === undefined) throw meantError(error)
      // Neither what the call started nor what it wrote must go on beside the next one.
      await attempt.started.settleIn(path)
      await timer.during(pauseKind(error, clock.now()), () => pauseBetweenCalls(attempt, delayMs, outer))
      attempt.calls.forgetIn(path)
      await attempt.streams.callAgain(path)
    }
  }
}
