import { isPromiseLike } from '../model/is-promise-like.ts'
import { KeySet } from '../model/key-set.ts'
import { itemName, type RecordedStage } from '../model/recorded-stage.ts'
import { itemPath } from '../model/scope.ts'
import { type NextWanted, SkippedItems } from '../outputs/item-batch.ts'
import { EventLoopTurns } from './event-loop-turns.ts'
import { FailedItems } from './failed-items.ts'
import { type BatchFunction, ItemCaller, type ItemCallerOptions, type ItemFunction, type Unit, unitName } from './item-caller.ts'
import { ItemCall, isSkipped } from './item-context.ts'
import type { ItemInput } from './item-input.ts'
import { ItemKeys } from './item-keys.ts'
import type { LoopFailure } from './loop-failure.ts'
import { stopped } from './stopped.ts'

export interface ItemLoopOptions extends ItemCallerOptions {
  readonly input: ItemInput
  /** With `options.batch` it is one for batches. */
  readonly fn: ItemFunction | BatchFunction
  /** What earlier attempts recorded, if that counts. */
  readonly recorded: RecordedStage | undefined
}

/** Calls the function for every item that is not recorded, up to `concurrency` at a time, in input order. */
export class ItemLoop {
  readonly #loop: ItemLoopOptions
  readonly #concurrency: number
  readonly #caller: ItemCaller
  readonly #failed: FailedItems
  readonly #turns: EventLoopTurns
  /** Undefined where items are known by index. */
  readonly #keys: ItemKeys | undefined
  #batch: Unit[] = []
  #index = -1
  #inFlight = 0
  #over = false
  #failure: LoopFailure | undefined
  #wake: (() => void) | undefined

  constructor(loop: ItemLoopOptions) {
    this.#loop = loop
    this.#caller = new ItemCaller(loop)
    this.#failed = new FailedItems(loop)
    this.#turns = new EventLoopTurns(loop.attempt.facts.core.clock, turn => loop.timings.turn(turn))
    this.#keys = keysOf(loop)
    this.#concurrency = loop.options.concurrency ?? 1
  }

  /** Resolves when nothing is in flight any more: with how it failed, or undefined when every item is finished. After an abort, items in flight are left to themselves. */
  async run(): Promise<LoopFailure | undefined> {
    const { signal, input, progress, timings } = this.#loop
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
      timings.ended()
    }
    // Items that nobody waits for any more are not finished: the pass ends early however far the input was read.
    if (this.#inFlight > 0) this.#failure ??= { error: stopped(signal) }
    if (this.#failure === undefined && input.total === undefined) progress.total = this.#index + 1
    this.#failure ??= this.#failed.beyondToleranceAtEnd()
    return this.#failure
  }

  get #isStopping(): boolean {
    return this.#loop.attempt.stopping || this.#loop.signal.aborted
  }

  async #start(): Promise<void> {
    const { attempt, signal, input, timings } = this.#loop
    for await (const batch of timings.taken(input.batches(this.#nextWanted()))) {
      if (batch instanceof SkippedItems) {
        this.#index += batch.count
        continue
      }
      this.#keys?.announce(batch, this.#index + 1)
      for (let at = 0; at < batch.length; at++) {
        const recorded = this.#recordedFrom(this.#index + 1)
        if (recorded > 0) {
          this.#index += recorded
          at += recorded - 1
          if (this.#turns.isDue(recorded)) await this.#turn()
          continue
        }
        const item = batch[at]
        this.#index++
        const key = this.#keys?.keyOf(item, this.#index)
        if (this.#isRecorded(this.#index, key)) {
          if (this.#turns.isDue()) await this.#turn()
          continue
        }
        if (attempt.stopping || signal.aborted) throw stopped(signal)
        const pause = this.#take(item, this.#index, key)
        if (pause !== undefined) {
          await pause
          await this.#pressure()
        }
        if (this.#failure !== undefined) return
        if (this.#turns.isDue()) await this.#turns.take()
      }
    }
    const pause = this.#beginBatch()
    if (pause !== undefined) await pause
  }

  /** Millions of items that are recorded may stand before the first that is not. */
  async #turn(): Promise<void> {
    await this.#turns.take()
    if (this.#isStopping) throw stopped(this.#loop.signal)
  }

  /** Items from this one on that are known to be recorded, by key. */
  #recordedFrom(index: number): number {
    return this.#loop.recorded === undefined || this.#keys === undefined ? 0 : this.#keys.recordedFrom(index)
  }

  /** By index, what is recorded need not even be read. */
  #nextWanted(): NextWanted | undefined {
    const { recorded, options } = this.#loop
    return recorded === undefined || options.key !== undefined ? undefined : index => recorded.completed.nextMissing(index)
  }

  #isRecorded(index: number, key: string | undefined): boolean {
    const { recorded } = this.#loop
    if (recorded === undefined) return false
    if (this.#keys === undefined ? recorded.completed.has(index) : this.#keys.isRecorded) return true
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
    const { attempt, path, options } = this.#loop
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
    if (isPromiseLike(returned)) {
      const unit = { item, index, key, calls: 1 }
      const call = Promise.resolve(returned).catch(error => this.#caller.oneAgain(fn, unit, error))
      return this.#enlist(call, unit)
    }
    this.#finish(index, key, returned, item, 1)
    return this.#pressure()
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
      if (units.length === 1 || this.#loop.options.tolerate === undefined || !this.#failed.isOfTheItem(error)) {
        this.#fail(error, units)
        return
      }
      const [first] = units
      if (first !== undefined) await this.#loop.attempt.streams.callAgain(this.#loop.path, unitName(first))
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
    this.#loop.timings.begun()
    const settled = () => {
      this.#inFlight--
      this.#loop.timings.settled()
      this.#wake?.()
    }
    over.then(settled, (error: unknown) => {
      this.#failure ??= { error }
      settled()
    })
    return this.#inFlight >= this.#concurrency ? this.#settleOne() : this.#pressure()
  }

  /** What to wait for where too much is not durable yet. */
  #pressure(): Promise<void> | undefined {
    const pressure = this.#loop.progress.pressure()
    return pressure === undefined ? undefined : this.#loop.timings.waiting(pressure)
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
    if (attempt.calls.areNested) attempt.calls.forgetIn(itemPath(path, itemName(index, key)))
    if (progress.fault !== undefined) this.#failure ??= { error: progress.fault }
  }

  /** Sets items aside whose calls are exhausted, as far as that is tolerated; else the loop ends. */
  #fail(error: unknown, units: readonly Unit[]): void {
    if (this.#over) return
    const { attempt, path } = this.#loop
    for (const unit of units) {
      if (attempt.calls.areNested) attempt.calls.forgetIn(itemPath(path, unitName(unit)))
      if (this.#failure !== undefined) return
      const failure = this.#failed.take(unit, error)
      this.#failure ??= failure
    }
  }
}

function keysOf({ attempt, path, input, options: { key } }: ItemLoopOptions): ItemKeys | undefined {
  if (key === undefined) return undefined
  const keys = attempt.facts.recorded.stages.get(path)?.keys ?? new KeySet()
  if (input.total !== undefined) keys.expect(Math.max(input.total, keys.size))
  return new ItemKeys(path, key, keys)
}
