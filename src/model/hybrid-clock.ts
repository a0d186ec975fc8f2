import type { Clock } from './clock.ts'

/**
 * Numbers that grow with every call and follow the wall clock where it is sane: milliseconds × 1,000 plus a counter. When the clock goes backwards, or another
 * process was ahead, they go on from the highest number seen, so that "newest" never means an older checkpoint. (Hybrid logical clock: Kulkarni et al., 2014.)
 */
export class HybridClock {
  readonly #clock: Clock
  #last = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Never below a number seen elsewhere. */
  observe(order: number): void {
    if (order > this.#last) this.#last = order
  }

  next(): number {
    this.#last = Math.max(this.#last + 1, Math.floor(this.#clock.now()) * 1000)
    return this.#last
  }
}
