import type { Clock } from '../model/clock.ts'

/**
 * The time in which a piece of work that is mostly waiting kept the thread to itself: what it did before each promise it handed
 * out. What comes after a promise inside the callee is not seen.
 */
export class BusyTime {
  readonly #clock: Clock
  #sinceMs: number
  #ms = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#sinceMs = clock.monotonicMs()
  }

  get ms(): number {
    return this.#ms
  }

  /** Waits; the time until it was called counts, the wait does not. */
  async until<T>(promise: Promise<T>): Promise<T> {
    this.#ms += this.#clock.monotonicMs() - this.#sinceMs
    try {
      return await promise
    } finally {
      this.#sinceMs = this.#clock.monotonicMs()
    }
  }
}
