import type { Clock } from './clock.ts'
import { isPromiseLike } from './is-promise-like.ts'
import {
  coveredNumber,
  type Operation,
  operationNumber,
  operations,
  pushTiming,
  type RecordedTimings,
  wallNumber,
} from './timings.ts'

const places = Object.fromEntries(operations.map((operation, place) => [operation, place])) as Readonly<Record<Operation, number>>

/**
 * Measures where the time of one stage goes, from when it is made. An operation may be entered again while it is under way: its time counts once. To enter and leave costs some 0.1 µs.
 */
export class OperationTimer {
  readonly #clock: Clock
  #lastMs: number
  #takenMs: number
  /** How often each is under way. */
  readonly #depth: number[] = operations.map(() => 0)
  /** A bit for each that is. */
  #underWay = 0
  readonly #ms: number[] = operations.map(() => 0)
  readonly #besideMs: number[] = operations.map(() => 0)
  readonly #cpuMs: number[] = operations.map(() => 0)
  #coveredMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastMs = clock.monotonicMs()
    this.#takenMs = this.#lastMs
  }

  /** Since {@link take} was called last. */
  get sinceTakenMs(): number {
    return this.#clock.monotonicMs() - this.#takenMs
  }

  enter(operation: Operation): void {
    this.#advance()
    const place = places[operation]
    this.#depth[place] = (this.#depth[place] ?? 0) + 1
    this.#underWay |= 1 << place
  }

  /** Nothing happens if it is not under way. */
  leave(operation: Operation): void {
    const place = places[operation]
    const depth = this.#depth[place] ?? 0
    if (depth === 0) return
    this.#advance()
    this.#depth[place] = depth - 1
    if (depth === 1) this.#underWay &= ~(1 << place)
  }

  /** From one to another, at one moment. */
  change(from: Operation, to: Operation): void {
    if (from === to) return
    this.leave(from)
    this.enter(to)
  }

  isUnderWay(operation: Operation): boolean {
    return (this.#underWay & (1 << places[operation])) !== 0
  }

  /** Until what `work` returns is settled. */
  during<Value>(operation: Operation, work: () => PromiseLike<Value>): Promise<Value>
  during<Value>(operation: Operation, work: () => Value | PromiseLike<Value>): Value | PromiseLike<Value>
  during<Value>(operation: Operation, work: () => Value | PromiseLike<Value>): Value | PromiseLike<Value> {
    this.enter(operation)
    let isOver = true
    try {
      const outcome = work()
      if (!isPromiseLike(outcome)) return outcome
      isOver = false
      return Promise.resolve(outcome).finally(() => this.leave(operation))
    } finally {
      if (isOver) this.leave(operation)
    }
  }

  /** Work that keeps the thread to itself: all of its time is the processor's too. */
  atOnce<Value>(operation: Operation, work: () => Value): Value {
    this.enter(operation)
    const beganMs = this.#lastMs
    try {
      return work()
    } finally {
      this.leave(operation)
      this.worked(operation, this.#lastMs - beganMs)
    }
  }

  /** The processor worked for it, here or on another thread. */
  worked(operation: Operation, cpuMs: number): void {
    this.#cpuMs[places[operation]] = (this.#cpuMs[places[operation]] ?? 0) + cpuMs
  }

  /** Part of what counted for one operation was another. */
  move(from: Operation, to: Operation, ms: number): void {
    this.#advance()
    const [source, target] = [places[from], places[to]]
    const moved = Math.min(ms, this.#ms[source] ?? 0)
    this.#ms[source] = (this.#ms[source] ?? 0) - moved
    this.#ms[target] = (this.#ms[target] ?? 0) + moved
  }

  /** What was measured since it was called last; what is under way goes on. Undefined: no time went by. */
  take(): RecordedTimings | undefined {
    this.#advance()
    const taken: number[] = []
    pushTiming(taken, wallNumber, this.#lastMs - this.#takenMs)
    pushTiming(taken, coveredNumber, this.#coveredMs)
    for (let place = 0; place < operations.length; place++) {
      const [ms, besideMs, cpuMs] = [this.#ms[place] ?? 0, this.#besideMs[place] ?? 0, this.#cpuMs[place] ?? 0]
      if (ms === 0 && cpuMs === 0) continue
      pushTiming(taken, operationNumber(place, 'ms'), ms)
      pushTiming(taken, operationNumber(place, 'beside'), besideMs)
      pushTiming(taken, operationNumber(place, 'cpu'), cpuMs)
    }
    this.#takenMs = this.#lastMs
    this.#coveredMs = 0
    for (const sums of [this.#ms, this.#besideMs, this.#cpuMs]) sums.fill(0)
    return taken.length === 0 ? undefined : Uint8Array.from(taken)
  }

  #advance(): void {
    const nowMs = this.#clock.monotonicMs()
    const passedMs = nowMs - this.#lastMs
    this.#lastMs = nowMs
    const underWay = this.#underWay
    if (underWay === 0) return
    this.#coveredMs += passedMs
    const isAlone = (underWay & (underWay - 1)) === 0
    for (let left = underWay; left !== 0; left &= left - 1) {
      const place = 31 - Math.clz32(left & -left)
      this.#ms[place] = (this.#ms[place] ?? 0) + passedMs
      if (!isAlone) this.#besideMs[place] = (this.#besideMs[place] ?? 0) + passedMs
    }
  }
}
