import type { Clock } from '../model/clock.ts'
import { priorMs } from '../model/failure-rate.ts'
import { type SaveInterval, type SavePolicy, saveCounts, saveInterval, shareAfterMs } from '../model/save-policy.ts'

/** Weight of the newest save in the measured cost. */
const newestWeight = 0.3

/** When the next save of a pass over items is due, by the policy and by what saves have cost so far. */
export class SavePace {
  readonly #policy: SavePolicy
  readonly #clock: Clock
  readonly #batch: number
  #costMs: number | undefined
  #meanTimeToFailureMs = priorMs
  #savedAtMs: number
  readonly #itemsDue: number
  #shareItems: number

  constructor(policy: SavePolicy, clock: Clock, total: number | undefined, batch: number | undefined) {
    this.#policy = policy
    this.#clock = clock
    this.#batch = batch ?? 1
    this.#savedAtMs = clock.monotonicMs()
    const { items, shareItems } = saveCounts(policy, total, this.#batch)
    this.#itemsDue = items
    this.#shareItems = shareItems
  }

  set total(total: number) {
    this.#shareItems = saveCounts(this.#policy, total, this.#batch).shareItems
  }

  /** From the pipeline's history. */
  set meanTimeToFailureMs(ms: number) {
    this.#meanTimeToFailureMs = ms
  }

  /** Until the next save that time alone makes due, and why. */
  get interval(): SaveInterval {
    return saveInterval(this.#policy, { costMs: this.#costMs ?? 0, meanTimeToFailureMs: this.#meanTimeToFailureMs })
  }

  /** Whether so many items that are not saved make a save due. */
  isDue(unsaved: number): boolean {
    if (unsaved < this.#shareItems && unsaved < this.#itemsDue) return false
    if (unsaved >= this.#itemsDue) return true
    return this.#clock.monotonicMs() - this.#savedAtMs >= shareAfterMs(this.#policy, this.#costMs ?? 0)
  }

  /**
   * A save is over.
   *
   * @param costMs What it took from the work: the time in which nothing else could run, and in which the work waited for it. Not
   * the time the disk took meanwhile, beside which the work goes on.
   */
  saved(costMs: number): void {
    this.#savedAtMs = this.#clock.monotonicMs()
    this.#costMs = this.#costMs === undefined ? costMs : newestWeight * costMs + (1 - newestWeight) * this.#costMs
  }
}
