import type { Clock } from '../model/clock.ts'
import type { Durability } from '../model/durability.ts'
import { priorMs } from '../model/failure-rate.ts'
import type { SaveFacts } from '../model/run-events.ts'
import { type SaveInterval, type SavePolicy, saveCounts, saveInterval, shareAfterMs } from '../model/save-policy.ts'
import type { ItemOutput } from '../outputs/item-target.ts'
import type { Attempt } from './attempt.ts'

/** Weight of the newest save in the measured cost. */
const newestWeight = 0.3
/** Framing and writing a batch, on the log's side of a save: CPU time of one commit of a small record, measured (bench/durability.ts). */
const commitCostMs = 0.2

export interface SavePaceOptions {
  readonly save: SavePolicy
  readonly durability: Durability | undefined
  readonly batch: number | undefined
  readonly total: number | undefined
  readonly output: ItemOutput | undefined
}

/** When the next save of a pass over items is due, by the policy and by what saves have cost so far; and what a save survives. */
export class SavePace {
  /** Of the records of progress. */
  readonly durability: Durability
  /** False: only bytes that wait, the end and a stop make a save due. */
  readonly isTimed: boolean
  readonly #policy: SavePolicy
  readonly #batch: number
  readonly #clock: Clock
  readonly #attempt: Attempt
  #costMs: number | undefined
  #meanTimeToFailureMs = priorMs
  #savedAtMs: number
  readonly #itemsDue: number
  #shareItems: number

  constructor({ save, durability, batch, total, output }: SavePaceOptions, attempt: Attempt) {
    const asked = durability ?? attempt.facts.durability
    // What is published once it is recorded could not be taken back if a power cut took the record; nor could rows that another database has committed.
    const publishes = output?.seal !== undefined || output?.recorded !== undefined || output?.position.kind === 'table'
    this.durability = publishes ? 'power' : asked
    this.isTimed = asked !== 'exit'
    this.#policy = save
    this.#batch = batch ?? 1
    this.#attempt = attempt
    this.#clock = attempt.facts.core.clock
    this.#savedAtMs = this.#clock.monotonicMs()
    const { items, shareItems } = saveCounts(save, total, this.#batch)
    this.#itemsDue = this.isTimed ? items : Number.POSITIVE_INFINITY
    this.#shareItems = this.isTimed ? shareItems : Number.POSITIVE_INFINITY
  }

  set total(total: number) {
    if (this.isTimed) this.#shareItems = saveCounts(this.#policy, total, this.#batch).shareItems
  }

  /** Until the next save that time alone makes due, and why. */
  get interval(): SaveInterval {
    return saveInterval(this.#policy, { costMs: this.#costMs ?? 0, meanTimeToFailureMs: this.#meanTimeToFailureMs })
  }

  get described(): SaveFacts {
    const { ms: intervalMs, reason } = this.interval
    return {
      ...(this.isTimed ? { intervalMs, reason } : {}),
      ...(this.#costMs === undefined ? {} : { costMs: this.#costMs }),
      durability: this.durability,
    }
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
   * @param busyMs What it took from the work: the time in which nothing else could run, and in which the work waited for it. Not
   * the time the disk took meanwhile, beside which the work goes on.
   */
  saved(busyMs: number): void {
    this.#savedAtMs = this.#clock.monotonicMs()
    const cost = busyMs + commitCostMs
    if (this.#costMs === undefined) this.#askForFailures()
    this.#costMs = this.#costMs === undefined ? cost : newestWeight * cost + (1 - newestWeight) * this.#costMs
  }

  /** Only once a pass is long enough to be saved before its end. */
  #askForFailures(): void {
    this.#attempt.meanTimeToFailureMs().then(
      ms => {
        this.#meanTimeToFailureMs = ms
      },
      () => {},
    )
  }
}
