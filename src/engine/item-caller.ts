import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import { itemPath } from '../model/scope.ts'
import type { Attempt } from './attempt.ts'
import { BatchCall } from './batch-context.ts'
import { callInTime } from './call-in-time.ts'
import type { EachProgress } from './each-progress.ts'
import { ItemCall } from './item-context.ts'
import type { PassTimings } from './pass-timings.ts'
import { pauseBetweenCalls } from './pause-between-calls.ts'
import { meantError, pauseKind, retryDelayMs } from './retry.ts'
import type { BatchContext, EachOptions, ItemContext } from './run.ts'

export type ItemFunction = (item: unknown, ctx: ItemContext) => unknown
export type BatchFunction = (items: readonly unknown[], ctx: BatchContext) => unknown

/** An item on its way. */
export interface Unit {
  readonly item: unknown
  readonly index: number
  /** Undefined where items are known by index. */
  readonly key: string | undefined
  /** How often the function was called with it, alone or in a batch. */
  calls: number
}

export const unitName = ({ key, index }: Pick<Unit, 'key' | 'index'>): string => key ?? String(index)

export interface ItemCallerOptions {
  readonly attempt: Attempt
  readonly path: string
  readonly options: EachOptions<unknown, unknown>
  readonly progress: EachProgress
  readonly timings: PassTimings
  /** Aborts with the run, or when the call the pass is made in is over. */
  readonly signal: AbortSignal
}

/** A call that may be made several times. */
interface Calls {
  /** Names of the items, for messages. */
  readonly name: string
  /** Name of the first. */
  readonly first: string
  readonly make: (call: number, signal: AbortSignal) => unknown
  /** Learns what is secret of the items: their errors may tell of it. */
  readonly learn: () => void
  /** Monotonic. */
  readonly startedMs: number
}

/** Calls the user's function for one item or a batch, again after errors as the policy says. Rejects with the last error when that is over. */
export class ItemCaller {
  readonly #caller: ItemCallerOptions

  constructor(caller: ItemCallerOptions) {
    this.#caller = caller
  }

  one(fn: ItemFunction, unit: Unit): Promise<unknown> {
    return this.#call(this.#callsOf(fn, unit), 1)
  }

  /** After a first call that was made without this threw. */
  oneAgain(fn: ItemFunction, unit: Unit, error: unknown): Promise<unknown> {
    return this.#callAgain(this.#callsOf(fn, unit), 1, error)
  }

  /** One result for each item, in order. */
  async batch(fn: BatchFunction, units: readonly Unit[]): Promise<readonly unknown[]> {
    const { attempt, path } = this.#caller
    const items = units.map(({ item }) => item)
    const [first = '', last = ''] = [units[0], units.at(-1)].map(unit => (unit === undefined ? '' : unitName(unit)))
    const name = units.length === 1 ? `${first}` : `${first}…${last}`
    const make = async (call: number, signal: AbortSignal) => {
      for (const unit of units) unit.calls++
      return resultsOf(path, units, await fn(items, new BatchCall(attempt, path, units, call, signal)))
    }
    return (await this.#call(
      { name, first, make, learn: () => this.#learn(units), startedMs: this.#nowMs() },
      1,
    )) as readonly unknown[]
  }

  #callsOf(fn: ItemFunction, unit: Unit): Calls {
    const { attempt, path } = this.#caller
    const { item, index, key } = unit
    return {
      name: unitName(unit),
      first: unitName(unit),
      make: (call, signal) => {
        unit.calls++
        return fn(item, new ItemCall(attempt, path, index, key, call, signal))
      },
      learn: () => this.#learn([unit]),
      startedMs: this.#nowMs(),
    }
  }

  #learn(units: readonly Unit[]): void {
    const { redaction } = this.#caller.attempt.facts.core
    for (const unit of units) redaction.item(unit.item, unitName(unit))
  }

  #nowMs(): number {
    return this.#caller.attempt.facts.core.clock.monotonicMs()
  }

  async #call(calls: Calls, call: number): Promise<unknown> {
    const { attempt, path, options, signal: outer } = this.#caller
    const { timeoutMs, totalTimeoutMs } = options
    const leftMs = totalTimeoutMs === undefined ? undefined : Math.max(1, totalTimeoutMs - (this.#nowMs() - calls.startedMs))
    const timeLimitMs = leftMs === undefined ? timeoutMs : Math.min(timeoutMs ?? leftMs, leftMs)
    try {
      return await callInTime(attempt, `${path}[${calls.name}]`, timeLimitMs, signal => calls.make(call, signal), outer)
    } catch (error) {
      return this.#callAgain(calls, call, error)
    }
  }

  /** After call number `call` threw: another one after a pause, or the end of it. */
  async #callAgain(calls: Calls, call: number, error: unknown): Promise<unknown> {
    const { attempt, path, options, progress, timings, signal } = this.#caller
    const { clock, random } = attempt.facts.core
    const { totalTimeoutMs } = options
    const failed = { call, error, elapsedMs: this.#nowMs() - calls.startedMs, totalTimeoutMs }
    const delayMs = attempt.stopping || signal.aborted ? undefined : retryDelayMs(options.retry, failed, clock, random)
    if (delayMs === undefined) throw meantError(error)
    progress.retried()
    calls.learn()
    attempt.emit({
      type: 'item.retry',
      stage: path,
      item: calls.name,
      call: call + 1,
      error: attempt.facts.core.redaction.thrown(meantError(error)),
    })
    // Neither what the call started nor what it wrote must go on beside the next one.
    if (attempt.calls.areNested) await attempt.started.settleIn(itemPath(path, calls.name))
    await timings.pause(pauseKind(error, clock.now()), () => pauseBetweenCalls(attempt, delayMs, signal))
    attempt.calls.forgetIn(itemPath(path, calls.name))
    await attempt.streams.callAgain(path, calls.first)
    return this.#call(calls, call + 1)
  }
}

function resultsOf(path: string, units: readonly Unit[], returned: unknown): readonly unknown[] {
  if (returned === undefined) return units.map(() => undefined)
  if (Array.isArray(returned) && returned.length === units.length) return returned
  const what = Array.isArray(returned) ? `${returned.length} results` : describe(returned)
  throw new WaymarkError('invalid', {
    message: `the function of ${JSON.stringify(path)} returned ${what} for a batch of ${units.length} items`,
    means: 'None of these items is recorded; those finished before are.',
    remedy: 'Return nothing, or an array with one result for each item, in order; ctx.skip() or undefined where there is none.',
    details: { stage: path },
  })
}
