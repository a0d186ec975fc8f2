import type { RecordedStage } from '../model/recorded-stage.ts'
import type { ItemCounts } from '../model/records.ts'
import type { SaveFacts, StageProgressEvent } from '../model/run-events.ts'
import { Throughput } from '../model/throughput.ts'
import type { Attempt } from './attempt.ts'
import { type EarlierWork, earlierSpeed } from './earlier-speed.ts'

const tellEveryMs = 100

/** Of a pass at this moment. */
export interface PassState {
  readonly counts: ItemCounts
  /** Items that are finished and not recorded. */
  readonly atRisk: number
  readonly save: SaveFacts
}

/** Tells whoever watches how far a pass over items is and how fast it goes: regularly, and when asked. */
export class ProgressTelling {
  readonly #attempt: Attempt
  readonly #path: string
  readonly #state: () => PassState
  readonly #earlier: EarlierWork
  /** Items that earlier attempts finished. */
  readonly #reused: number
  readonly #throughput: Throughput
  #cancel: (() => void) | undefined

  /** @param recorded The stage as it is when the pass begins */
  constructor(attempt: Attempt, path: string, recorded: RecordedStage | undefined, state: () => PassState) {
    this.#attempt = attempt
    this.#path = path
    this.#state = state
    this.#earlier = { workedMs: recorded?.workedMs ?? 0, finished: recorded?.finished ?? 0 }
    this.#reused = finishedOf(state().counts)
    this.#throughput = new Throughput(attempt.facts.core.clock.monotonicMs())
    if (attempt.facts.onEvent !== undefined) this.#tellRegularly(true)
  }

  stop(): void {
    this.#cancel?.()
  }

  tell(): void {
    this.#attempt.emit({ type: 'progress', stage: this.#path, ...this.measure() })
  }

  measure(): Omit<StageProgressEvent, 'type' | 'stage'> {
    const { counts, atRisk, save } = this.#state()
    const finished = finishedOf(counts)
    return {
      counts,
      reused: this.#reused,
      atRisk,
      save,
      ...this.#throughput.measure(
        this.#attempt.facts.core.clock.monotonicMs(),
        finished - this.#reused,
        counts.total === undefined ? undefined : Math.max(0, counts.total - finished),
      ),
    }
  }

  #tellRegularly(isFirst: boolean): void {
    const { clock } = this.#attempt.facts.core
    this.#cancel = clock.after(
      tellEveryMs,
      () => {
        // Only now: a pass that is over by then is nobody's time to reckon.
        if (isFirst) void this.#learnEarlierSpeed()
        this.tell()
        this.#tellRegularly(false)
      },
      { background: true },
    )
  }

  /** Without it the time still needed is only less certain. */
  async #learnEarlierSpeed(): Promise<void> {
    this.#throughput.prior = await earlierSpeed(this.#attempt, this.#path, this.#earlier).catch(() => undefined)
  }
}

const finishedOf = ({ done, skipped, setAside }: ItemCounts): number => done + skipped + setAside
