import { sleep } from '../model/clock.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { RecordedStage } from '../model/recorded-run.ts'
import type { Attempt } from './attempt.ts'
import { callInTime } from './call-in-time.ts'
import type { EachProgress } from './each-progress.ts'
import { ItemCall, isSkipped } from './item-context.ts'
import type { ItemInput } from './item-input.ts'
import { meantError, retryDelayMs } from './retry.ts'
import type { EachOptions, ItemContext } from './run.ts'
import { stopped } from './stopped.ts'
import { storeError } from './stored-error.ts'

export type ItemFunction = (item: unknown, ctx: ItemContext) => unknown

export interface ItemLoopOptions {
  readonly attempt: Attempt
  readonly path: string
  readonly input: ItemInput
  readonly fn: ItemFunction
  readonly options: EachOptions<unknown, unknown>
  /** What earlier attempts recorded, if that counts. */
  readonly recorded: RecordedStage | undefined
  readonly progress: EachProgress
}

/** How a loop ended early. */
export interface LoopFailure {
  readonly error: unknown
  /** Key of the item that threw, if one did. */
  readonly item?: string
}

/** Longest stretch of items between two turns of the event loop, so that saves and signals get their turn. */
const longestStretchMs = 10
/** Most items between two looks at the clock: a look costs as much as several quick items. Slow ones are looked at one by one. */
const mostBetweenLooks = 64
const quickStretchMs = 1

/** Calls the function for every item that is not recorded, up to `concurrency` at a time, in input order. */
export class ItemLoop {
  readonly #loop: ItemLoopOptions
  readonly #concurrency: number
  readonly #seen = new Set<string>()
  #index = -1
  #inFlight = 0
  #over = false
  #failure: LoopFailure | undefined
  #wake: (() => void) | undefined
  #sinceLook = 0
  #looksEvery = 1
  #lastLookMs: number
  #lastTurnMs: number

  constructor(loop: ItemLoopOptions) {
    this.#loop = loop
    this.#concurrency = loop.options.concurrency ?? 1
    this.#lastTurnMs = loop.attempt.facts.core.clock.monotonicMs()
    this.#lastLookMs = this.#lastTurnMs
  }

  /** Resolves when nothing is in flight any more: with how it failed, or undefined when every item is finished. After an abort, items in flight are left to themselves. */
  async run(): Promise<LoopFailure | undefined> {
    const { attempt, input, progress } = this.#loop
    const onAbort = () => this.#wake?.()
    attempt.signal.addEventListener('abort', onAbort, { once: true })
    try {
      await this.#start()
      while (this.#inFlight > 0 && !attempt.signal.aborted) await this.#settleOne()
    } catch (error) {
      this.#failure ??= { error }
      while (this.#inFlight > 0 && !attempt.signal.aborted) await this.#settleOne()
    } finally {
      attempt.signal.removeEventListener('abort', onAbort)
      this.#over = true
    }
    // Items that nobody waits for any more are not finished: the pass ends early however far the input was read.
    if (this.#inFlight > 0) this.#failure ??= { error: stopped(attempt.signal) }
    if (this.#failure === undefined && input.total === undefined) progress.total = this.#index + 1
    return this.#failure
  }

  async #start(): Promise<void> {
    const { attempt, input } = this.#loop
    for await (const batch of input.batches()) {
      for (const item of batch) {
        this.#index++
        const key = this.#keyOf(item)
        if (this.#isRecorded(this.#index, key)) continue
        if (attempt.stopping) throw stopped(attempt.signal)
        const pause = this.#begin(item, this.#index, key)
        if (pause !== undefined) await pause
        if (this.#failure !== undefined) return
        if (++this.#sinceLook >= this.#looksEvery) await this.#turn()
      }
    }
  }

  #keyOf(item: unknown): string | undefined {
    const { key } = this.#loop.options
    if (key === undefined) return undefined
    const name = key(item)
    if ((typeof name !== 'string' && typeof name !== 'number') || name === '') throw badKey(this.#loop.path, this.#index, name)
    const text = String(name)
    if (this.#seen.has(text)) throw sameKey(this.#loop.path, this.#index, text)
    this.#seen.add(text)
    return text
  }

  #isRecorded(index: number, key: string | undefined): boolean {
    const { recorded } = this.#loop
    if (recorded === undefined) return false
    return key === undefined ? recorded.completed.has(index) : recorded.keys.has(key)
  }

  /** Calls the function; returns what to wait for before the next item, if anything. */
  #begin(item: unknown, index: number, key: string | undefined): Promise<void> | undefined {
    const { fn, attempt, path, options, progress } = this.#loop
    if (options.timeoutMs !== undefined) return this.#enlist(this.#call(item, index, key, 1), index, key)
    let returned: unknown
    try {
      returned = fn(item, new ItemCall(attempt, path, index, key, 1, attempt.signal))
    } catch (error) {
      return this.#enlist(this.#callAgain(item, index, key, 1, error), index, key)
    }
    if (isThenable(returned)) {
      return this.#enlist(
        Promise.resolve(returned).catch(error => this.#callAgain(item, index, key, 1, error)),
        index,
        key,
      )
    }
    this.#finish(index, key, returned)
    return progress.pressure()
  }

  /** Counts a call as in flight; returns what to wait for if no further one may begin. */
  #enlist(call: Promise<unknown>, index: number, key: string | undefined): Promise<void> | undefined {
    this.#inFlight++
    call.then(
      value => {
        this.#inFlight--
        this.#finish(index, key, value)
        this.#wake?.()
      },
      error => {
        this.#inFlight--
        this.#fail(error, index, key)
        this.#wake?.()
      },
    )
    return this.#inFlight >= this.#concurrency ? this.#settleOne() : this.#loop.progress.pressure()
  }

  #settleOne(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
      if (this.#loop.attempt.signal.aborted) this.#wake()
    })
  }

  #finish(index: number, key: string | undefined, value: unknown): void {
    const { progress } = this.#loop
    // After an abort nobody waits for this item any more; it is done again by the next attempt.
    if (this.#over) return
    try {
      if (isSkipped(value)) progress.skip(index, key)
      else progress.finish(index, key, value)
    } catch (error) {
      this.#fail(error, index, key)
    }
    if (progress.fault !== undefined) this.#failure ??= { error: progress.fault }
  }

  #fail(error: unknown, index: number, key: string | undefined): void {
    this.#failure ??= { error, item: key ?? String(index) }
  }

  async #call(item: unknown, index: number, key: string | undefined, call: number): Promise<unknown> {
    const { attempt, path, fn, options } = this.#loop
    try {
      return await callInTime(attempt, `${path}[${key ?? index}]`, options.timeoutMs, signal =>
        fn(item, new ItemCall(attempt, path, index, key, call, signal)),
      )
    } catch (error) {
      return this.#callAgain(item, index, key, call, error)
    }
  }

  /** After call number `call` threw: another one after a pause, or the error. */
  async #callAgain(item: unknown, index: number, key: string | undefined, call: number, error: unknown): Promise<unknown> {
    const { attempt, path, options, progress } = this.#loop
    const delayMs = attempt.stopping ? undefined : retryDelayMs(options.retry, call, error)
    if (delayMs === undefined) throw meantError(error)
    progress.retried()
    attempt.emit({
      type: 'item.retry',
      stage: path,
      item: key ?? String(index),
      attempt: call + 1,
      error: storeError(meantError(error)),
    })
    await sleep(attempt.facts.core.clock, delayMs, attempt.signal).catch(() => {
      throw isWaymarkError(attempt.signal.reason) ? attempt.signal.reason : stopped(attempt.signal)
    })
    return this.#call(item, index, key, call + 1)
  }

  /** Lets timers and input run if this has gone on for long without. */
  async #turn(): Promise<void> {
    this.#sinceLook = 0
    const { clock } = this.#loop.attempt.facts.core
    const now = clock.monotonicMs()
    this.#looksEvery = now - this.#lastLookMs > quickStretchMs ? 1 : Math.min(mostBetweenLooks, this.#looksEvery * 2)
    this.#lastLookMs = now
    if (now - this.#lastTurnMs < longestStretchMs) return
    await new Promise(resolve => setImmediate(resolve))
    this.#lastTurnMs = clock.monotonicMs()
    this.#lastLookMs = this.#lastTurnMs
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

function badKey(path: string, index: number, name: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the key of item ${index} of ${JSON.stringify(path)} is ${name === '' ? 'empty' : `${typeof name}, not text or a number`}`,
    means: 'The item was not called; items finished before it are recorded.',
    remedy: 'Let key return a name that every item has: key: item => item.id.',
    details: { stage: path, index },
  })
}

function sameKey(path: string, index: number, key: string): WaymarkError {
  return new WaymarkError('conflict', {
    message: `two items of ${JSON.stringify(path)} have the key ${JSON.stringify(key)}; the second is item ${index}`,
    means:
      'The second was not called: results are known by key, so one key cannot hold two. Items finished before it are recorded.',
    remedy: 'Let key return something that differs for every item, or remove the repetition from the input.',
    details: { stage: path, index, key },
  })
}
