import { isIndexBusy } from '../catalog/index-busy.ts'
import { type Clock, sleep } from '../model/clock.ts'

const busyPauseMs = 50
/** For so long a busy index is asked again; then whoever asks hears that it is in use. */
const longestBusyMs = 30_000
/** A disk that breaks each new index ends it. */
const mostFaults = 3

/** Decides whether somebody who could not use the index of events tries once more. */
export class IndexPatience {
  readonly #clock: Clock
  #busySince: number | undefined
  #faults = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when it is time for the next try. @throws `error` if it was the last one */
  async bear(error: unknown): Promise<void> {
    if (!isIndexBusy(error)) {
      if (++this.#faults > mostFaults) throw error
      return
    }
    const now = this.#clock.monotonicMs()
    this.#busySince ??= now
    if (now - this.#busySince >= longestBusyMs) throw error
    await sleep(this.#clock, busyPauseMs)
  }

  /** It went on. */
  reset(): void {
    this.#busySince = undefined
    this.#faults = 0
  }
}
