import { encodeValue } from '../format/encode-value.ts'
import { describe } from '../model/describe.ts'
import { errorFingerprint } from '../model/error-fingerprint.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { KeySet } from '../model/key-set.ts'
import { itemName, type RecordedStage } from '../model/recorded-stage.ts'
import { itemPath } from '../model/scope.ts'
import { beyondTolerance } from '../model/tolerance.ts'
import { type NextWanted, SkippedItems } from '../outputs/item-batch.ts'
import type { Attempt } from './attempt.ts'
import type { EachProgress } from './each-progress.ts'
import { type BatchFunction, ItemCaller, type ItemFunction, type Unit, unitName } from './item-caller.ts'
import { ItemCall, isSkipped } from './item-context.ts'
import type { ItemInput } from './item-input.ts'
import type { EachOptions } from './run.ts'
import { stopped } from './stopped.ts'
import { storeError } from './stored-error.ts'

export interface ItemLoopOptions {
  readonly attempt: Attempt
  readonly path: string
  readonly input: ItemInput
  /** With `options.batch` it is one for batches. */
  readonly fn: ItemFunction | BatchFunction
  readonly options: EachOptions<unknown, unknown>
  /** What earlier attempts recorded, if that counts. */
  readonly recorded: RecordedStage | undefined
  readonly progress: EachProgress
  /** Aborts with the run, or when the call the pass is made in is over. */
  readonly signal: AbortSignal
}

/** How a loop ended early. */
export interface LoopFailure {
  readonly error: unknown
  /** Key of the item that threw, if one did. */
  readonly item?: string
  /** Place of that item in the input. */
  readonly index?: number
}

/** Longest stretch of items between two turns of the event loop, so that saves and signals get their turn. */
const longestStretchMs = 10
/** Most items between two looks at the clock: a look costs as much as several quick items. Slow ones are looked at one by one. */
const mostBetweenLooks = 64
const quickStretchMs = 1
/** Fewer keys are not worth being asked for together. */
const leastAnnounced = 8

/** Calls the function for every item that is not recorded, up to `concurrency` at a time, in input order. */
export class ItemLoop {
  readonly #loop: ItemLoopOptions
  readonly #concurrency: number
  readonly #caller: ItemCaller
  readonly #keys: KeySet
  /** Keys of the batch at hand, and the index of its first item. */
  #announced: string[] = []
  #announcedFrom = 0
  /** Of the key met last. */
  #isKeyRecorded = false
  #batch: Unit[] = []
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
    this.#caller = new ItemCaller(loop)
    this.#keys = loop.attempt.facts.recorded.stages.get(loop.path)?.keys ?? new KeySet()
    // A function that is called again in one attempt goes over its items once more.
    this.#keys.forgetMet()
    if (loop.input.total !== undefined) this.#keys.expect(Math.max(loop.input.total, this.#keys.size))
    this.#concurrency = loop.options.concurrency ?? 1
    this.#lastTurnMs = loop.attempt.facts.core.clock.monotonicMs()
    this.#lastLookMs = this.#lastTurnMs
  }

  /** Resolves when nothing is in flight any more: with how it failed, or undefined when every item is finished. After an abort, items in flight are left to themselves. */
  async run(): Promise<LoopFailure | undefined> {
    const { signal, input, progress } = this.#loop
    const onAbort = () => this.#wake?.()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await this.#start()
      while (this.#inFlight > 0 && !signal.aborted) await this.#settleOne()
    } catch (error) {
      this.#failure ??= { error }
      while (this.#inFlight > 0 && !signal.aborted) await this.#settleOne()
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#over = true
    }
    // Items that nobody waits for any more are not finished: the pass ends early however far the input was read.
    if (this.#inFlight > 0) this.#failure ??= { error: stopped(signal) }
    if (this.#failure === undefined && input.total === undefined) progress.total = this.#index + 1
    this.#failure ??= this.#endsBeyondTolerance()
    return this.#failure
  }

  get #isStopping(): boolean {
    return this.#loop.attempt.stopping || this.#loop.signal.aborted
  }

  async #start(): Promise<void> {
    const { attempt, signal, input } = this.#loop
    for await (const batch of input.batches(this.#nextWanted())) {
      if (batch instanceof SkippedItems) {
        this.#index += batch.count
        continue
      }
      this.#announce(batch)
      for (const item of batch) {
        this.#index++
        const key = this.#keyOf(item)
        if (this.#isRecorded(this.#index, key)) continue
        if (attempt.stopping || signal.aborted) throw stopped(signal)
        const pause = this.#take(item, this.#index, key)
        if (pause !== undefined) {
          await pause
          await this.#loop.progress.pressure()
        }
        if (this.#failure !== undefined) return
        if (++this.#sinceLook >= this.#looksEvery) await this.#turn()
      }
    }
    const pause = this.#beginBatch()
    if (pause !== undefined) await pause
  }

  /** By index, what is recorded need not even be read. */
  #nextWanted(): NextWanted | undefined {
    const { recorded, options } = this.#loop
    return recorded === undefined || options.key !== undefined ? undefined : index => recorded.completed.nextMissing(index)
  }

  /** Asks for the keys of a batch at once, as far as they can be had: looking them up one by one would wait for memory at each. */
  #announce(batch: readonly unknown[]): void {
    const { key } = this.#loop.options
    this.#announcedFrom = this.#index + 1
    this.#announced = []
    if (key === undefined || batch.length < leastAnnounced) return
    try {
      for (const item of batch) {
        const name = key(item)
        if (!isName(name)) break
        this.#announced.push(String(name))
      }
    } catch {
      // It is asked again when its turn comes, and then the items before it are done.
    }
    this.#announced.length = this.#keys.announce(this.#announced)
  }

  #keyOf(item: unknown): string | undefined {
    const { key } = this.#loop.options
    if (key === undefined) return undefined
    const at = this.#index - this.#announcedFrom
    let text = this.#announced[at]
    let met: ReturnType<KeySet['meet']>
    if (text === undefined) {
      const name = key(item)
      if (!isName(name)) throw badKey(this.#loop.path, this.#index, name)
      text = String(name)
      met = this.#keys.meet(text)
    } else met = this.#keys.meetAnnounced(text, at)
    if (met === 'again') throw sameKey(this.#loop.path, this.#index, text)
    this.#isKeyRecorded = met === 'recorded'
    return text
  }

  #isRecorded(index: number, key: string | undefined): boolean {
    const { recorded } = this.#loop
    if (recorded === undefined) return false
    if (key === undefined ? recorded.completed.has(index) : this.#isKeyRecorded) return true
    // The stage was finished once: what its input holds besides the requeued items is none of its business.
    return recorded.requeued !== undefined && !recorded.requeued.has(itemName(index, key))
  }

  /** Begins the item's call, or keeps it until there is a batch; returns what to wait for before the next item, if anything. */
  #take(item: unknown, index: number, key: string | undefined): Promise<void> | undefined {
    const { batch } = this.#loop.options
    if (batch === undefined) return this.#begin(item, index, key)
    this.#batch.push({ item, index, key, calls: 0 })
    return this.#batch.length < batch ? undefined : this.#beginBatch()
  }

  #begin(item: unknown, index: number, key: string | undefined): Promise<void> | undefined {
    const { attempt, path, options, progress } = this.#loop
    // Without `batch` it is one for single items: the overloads of `run.each` hold the two together.
    const fn = this.#loop.fn as ItemFunction
    if (options.timeoutMs !== undefined || options.totalTimeoutMs !== undefined) {
      const unit = { item, index, key, calls: 0 }
      return this.#enlist(this.#caller.one(fn, unit), unit)
    }
    let returned: unknown
    try {
      returned = fn(item, new ItemCall(attempt, path, index, key, 1, this.#loop.signal))
    } catch (error) {
      const unit = { item, index, key, calls: 1 }
      return this.#enlist(this.#caller.oneAgain(fn, unit, error), unit)
    }
    if (isThenable(returned)) {
      const unit = { item, index, key, calls: 1 }
      const call = Promise.resolve(returned).catch(error => this.#caller.oneAgain(fn, unit, error))
      return this.#enlist(call, unit)
    }
    this.#finish(index, key, returned, item, 1)
    return progress.pressure()
  }

  #beginBatch(): Promise<void> | undefined {
    const units = this.#batch
    if (units.length === 0) return undefined
    this.#batch = []
    return this.#inFlightUntil(this.#callBatch(units))
  }

  /** Never rejects: what failed is noted item by item. */
  async #callBatch(units: readonly Unit[]): Promise<void> {
    const fn = this.#loop.fn as BatchFunction
    try {
      const results = await this.#caller.batch(fn, units)
      for (const [i, { index, key, item, calls }] of units.entries()) this.#finish(index, key, results[i], item, calls)
    } catch (error) {
      if (units.length === 1 || this.#loop.options.tolerate === undefined || !this.#isOfTheItem(error)) {
        this.#fail(error, units)
        return
      }
      // One by one, so that only those at fault are set aside.
      for (const unit of units) {
        if (this.#over || this.#failure !== undefined || this.#isStopping) return
        await this.#callBatch([unit])
      }
    }
  }

  /** Counts a call as in flight; returns what to wait for if no further one may begin. */
  #enlist(call: Promise<unknown>, unit: Unit): Promise<void> | undefined {
    return this.#inFlightUntil(
      call.then(
        value => this.#finish(unit.index, unit.key, value, unit.item, unit.calls),
        error => this.#fail(error, [unit]),
      ),
    )
  }

  #inFlightUntil(over: Promise<void>): Promise<void> | undefined {
    this.#inFlight++
    const settled = () => {
      this.#inFlight--
      this.#wake?.()
    }
    over.then(settled, (error: unknown) => {
      this.#failure ??= { error }
      settled()
    })
    return this.#inFlight >= this.#concurrency ? this.#settleOne() : this.#loop.progress.pressure()
  }

  #settleOne(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
      if (this.#loop.signal.aborted) this.#wake()
    })
  }

  #finish(index: number, key: string | undefined, value: unknown, item: unknown, calls: number): void {
    const { progress } = this.#loop
    // After an abort nobody waits for this item any more; it is done again by the next attempt.
    if (this.#over) return
    try {
      if (isSkipped(value)) progress.skip(index, key)
      else progress.finish(index, key, value)
    } catch (error) {
      this.#fail(error, [{ index, key, item, calls }])
    }
    const { attempt, path } = this.#loop
    if (attempt.hasCallsInside) attempt.forgetCallsIn(itemPath(path, itemName(index, key)))
    if (progress.fault !== undefined) this.#failure ??= { error: progress.fault }
  }

  /** Sets items aside whose calls are exhausted, as far as that is tolerated; else the loop ends. */
  #fail(error: unknown, units: readonly Unit[]): void {
    if (this.#over) return
    const { options, progress } = this.#loop
    for (const unit of units) {
      if (this.#loop.attempt.hasCallsInside) this.#loop.attempt.forgetCallsIn(itemPath(this.#loop.path, unitName(unit)))
      if (this.#failure !== undefined) return
      if (options.tolerate === undefined || !this.#isOfTheItem(error)) {
        this.#failure = { error, item: unitName(unit), index: unit.index }
        return
      }
      const { done, skipped, setAside, total } = progress.counts
      const beyond = beyondTolerance(options.tolerate, { setAside: setAside + 1, total, finished: done + skipped + setAside + 1 })
      if (beyond === undefined) this.#setAside(unit, error)
      else
        this.#failure = { error: tooMany(this.#loop.path, setAside + 1, beyond, error), item: unitName(unit), index: unit.index }
    }
  }

  #setAside(unit: Unit, error: unknown): void {
    const { attempt, path, progress } = this.#loop
    const { index, key, item, calls } = unit
    const stored = storeError(error, unitName(unit))
    const payload = payloadOf(item, attempt)
    progress.setAside({
      index,
      ...(key === undefined ? {} : { key }),
      ...(payload === undefined ? {} : { payload }),
      error: stored,
      fingerprint: errorFingerprint(stored),
      calls,
      time: attempt.facts.core.clock.now(),
    })
    attempt.emit({ type: 'item.setAside', stage: path, item: unitName(unit), calls, error: stored })
    if (progress.fault !== undefined) this.#failure ??= { error: progress.fault }
  }

  /** Whether another item may well succeed: not so for a full disk, a lost lease, a misuse of the library, or when the run is told to stop. */
  #isOfTheItem(error: unknown): boolean {
    if (this.#isStopping || this.#loop.progress.fault !== undefined) return false
    return !isWaymarkError(error) || error.code === 'limit' || error.code === 'invalid' || error.code === 'failed'
  }

  /** A share is held against the total once that is known. */
  #endsBeyondTolerance(): LoopFailure | undefined {
    const { options, progress, path } = this.#loop
    const { done, skipped, setAside, total } = progress.counts
    if (options.tolerate === undefined || setAside === 0) return undefined
    const finished = done + skipped + setAside
    const beyond = beyondTolerance(options.tolerate, { setAside, total: total ?? finished, finished })
    return beyond === undefined ? undefined : { error: tooMany(path, setAside, beyond) }
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

/** Longer ones are not kept: the item is then read from its input again. */
const mostPayloadBytes = 64 << 10

/** The item as it is kept when it is set aside; undefined if it cannot be stored, or is too long. */
export function payloadOf(item: unknown, attempt: Attempt): Uint8Array | undefined {
  try {
    const bytes = encodeValue(item, { codecs: attempt.facts.core.codecs })
    return bytes.length > mostPayloadBytes ? undefined : bytes
  } catch (error) {
    if (isWaymarkError(error, 'invalid')) return undefined
    throw error
  }
}

function tooMany(path: string, setAside: number, why: string, cause?: unknown): WaymarkError {
  const last = cause === undefined ? '' : `; the last one: ${cause instanceof Error ? cause.message : String(cause)}`
  return new WaymarkError('limit', {
    message: `${setAside} items of ${JSON.stringify(path)} kept failing, and ${why}${last}`,
    means: 'Everything finished is recorded, and so are the items set aside with their errors; the run can go on.',
    remedy: 'See why with waymark items RUN --set-aside; mend it, then waymark requeue RUN --all; or raise tolerate.',
    cause,
    details: { stage: path, setAside },
  })
}

const isName = (name: unknown): name is string | number => Number.isFinite(name) || (typeof name === 'string' && name !== '')

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

function badKey(path: string, index: number, name: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the key of item ${index} of ${JSON.stringify(path)} is ${name === '' ? 'empty' : `${describe(name)}, not text or a number`}`,
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
