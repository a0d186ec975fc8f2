import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../model/clock.ts'

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

/**
 * A clock that stands still until it is told otherwise. Timers follow the monotonic time, as real ones do: a jump of the wall
 * time neither fires nor delays them.
 */
export class FakeClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  #frozen = false
  #timers: Timer[] = []

  /** @param startMs The first wall time, in milliseconds since 1970. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs
  }

  now(): number {
    return this.#wallMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), callback }
    const later = this.#timers.findIndex(other => other.dueMs > timer.dueMs)
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#timers.length
  }

  /** Milliseconds until the next timer is due, or undefined if none waits. */
  get nextTimerMs(): number | undefined {
    const next = this.#timers[0]
    return next && next.dueMs - this.#monotonicMs
  }

  /** Lets time pass: each due timer fires at its moment, in order; those set meanwhile fire too if they are due. */
  advance(ms: number): void {
    const end = this.#end(ms)
    while (this.#fireNext(end)) {}
    this.#moveTo(end)
  }

  /** As `advance`, but what awaits a timer goes on before the next one fires (so a loop around `sleep` goes round). */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#end(ms)
    await setImmediate()
    while (this.#fireNext(end)) await setImmediate()
    this.#moveTo(end)
  }

  /** Sets the wall time forward, or backward with a negative number, as an administrator or NTP would. */
  jump(ms: number): void {
    this.#wallMs += ms
  }

  /** Stops the wall time; the monotonic time and the timers go on. */
  freeze(): void {
    this.#frozen = true
  }

  /** The wall time goes on from where it stopped. */
  thaw(): void {
    this.#frozen = false
  }

  #end(ms: number): number {
    if (!(ms >= 0)) throw new RangeError(`time does not advance by ${ms} ms; the wall time can jump()`)
    return this.#monotonicMs + ms
  }

  #fireNext(end: number): boolean {
    const timer = this.#timers[0]
    if (!timer || timer.dueMs > end) return false
    this.#timers.shift()
    this.#moveTo(timer.dueMs)
    timer.callback()
    return true
  }

  /** A callback may itself advance the clock, so the moment may already have passed. */
  #moveTo(monotonicMs: number): void {
    if (monotonicMs <= this.#monotonicMs) return
    if (!this.#frozen) this.#wallMs += monotonicMs - this.#monotonicMs
    this.#monotonicMs = monotonicMs
  }
}
