import type { Clock } from '../model/clock.ts'

/** Longest stretch of work between two turns of the event loop, so that saves and signals get their turn. */
const longestStretchMs = 10
/** Most items between two looks at the clock: a look costs as much as several quick items. Slow ones are looked at one by one. */
const mostBetweenLooks = 64
const quickStretchMs = 1

/** Lets timers and input run now and then in a loop that may never have to wait. */
export class EventLoopTurns {
  readonly #clock: Clock
  readonly #around: (turn: () => Promise<void>) => Promise<void>
  #sinceLook = 0
  #looksEvery = 1
  #lastLookMs: number
  #lastTurnMs: number

  /** @param around is given what waits for a turn */
  constructor(clock: Clock, around: (turn: () => Promise<void>) => Promise<void> = turn => turn()) {
    this.#clock = clock
    this.#around = around
    this.#lastTurnMs = clock.monotonicMs()
    this.#lastLookMs = this.#lastTurnMs
  }

  /** Counts an item, or several; true if {@link take} is to be called before the next. */
  isDue(items = 1): boolean {
    this.#sinceLook += items
    return this.#sinceLook >= this.#looksEvery
  }

  /** Waits for a turn of the event loop if there was none for long. */
  async take(): Promise<void> {
    this.#sinceLook = 0
    const now = this.#clock.monotonicMs()
    this.#looksEvery = now - this.#lastLookMs > quickStretchMs ? 1 : Math.min(mostBetweenLooks, this.#looksEvery * 2)
    this.#lastLookMs = now
    if (now - this.#lastTurnMs < longestStretchMs) return
    await this.#around(() => new Promise(resolve => setImmediate(resolve)))
    this.#lastTurnMs = this.#clock.monotonicMs()
    this.#lastLookMs = this.#lastTurnMs
  }
}
