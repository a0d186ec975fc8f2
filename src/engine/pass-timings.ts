import type { Clock } from '../model/clock.ts'
import { OperationTimer } from '../model/operation-timer.ts'
import type { RecordedTimings } from '../model/timings.ts'

/** A value that is encoded in less is not looked at each time: two looks at the clock would cost as much. */
const quickMs = 0.02
/** Of quick values one in so many is measured, and stands for the others. */
const mostBetweenLooks = 64

/**
 * Where the time of a pass over items goes. While its loop goes from item to item nothing is measured, so that an item costs nothing: `user` is the time in which at least one call is under way, with the noting of what it
 * returned, but for the encoding.
 */
export class PassTimings {
  readonly timer: OperationTimer
  readonly #clock: Clock
  #inFlight = 0
  #pausing = 0
  #isReading = false
  #sinceLook = 0
  #looksEvery = 1

  constructor(clock: Clock) {
    this.#clock = clock
    this.timer = new OperationTimer(clock)
  }

  /** The loop has items to call, or is at them again. */
  calling(): void {
    if (!this.timer.isUnderWay('user')) this.timer.enter('user')
  }

  /** The same batches of items, which the loop waits for. */
  async *taken<Batch>(batches: AsyncIterable<Batch> | Iterable<Batch>): AsyncIterableIterator<Batch> {
    this.#reading()
    try {
      for await (const batch of batches) {
        this.#read()
        this.calling()
        yield batch
        this.#reading()
      }
    } finally {
      this.#read()
    }
    this.calling()
  }

  /** The loop waits for something else than items and calls. */
  async waiting(wait: Promise<void>): Promise<void> {
    this.#rest()
    await wait
    this.calling()
  }

  /** As `waiting`, for others of the process. */
  turn(wait: () => Promise<void>): Promise<void> {
    return this.waiting(this.timer.during('turn', wait))
  }

  begun(): void {
    this.#inFlight++
  }

  settled(): void {
    this.#inFlight--
    if (this.#isReading) this.#rest()
  }

  /** The loop is over. */
  ended(): void {
    this.timer.leave('user')
  }

  /** A call is not repeated at once. */
  async pause(operation: 'retry' | 'limit', wait: () => Promise<void>): Promise<void> {
    this.#pausing++
    this.#rest()
    try {
      await this.timer.during(operation, wait)
    } finally {
      this.#pausing--
      this.calling()
    }
  }

  /** Encodes a result: while calls are under way, and no part of them. */
  encode<Value>(encode: () => Value): Value {
    if (++this.#sinceLook < this.#looksEvery) return encode()
    const standsFor = this.#sinceLook
    this.#sinceLook = 0
    const beganMs = this.#clock.monotonicMs()
    try {
      return encode()
    } finally {
      const tookMs = this.#clock.monotonicMs() - beganMs
      this.#looksEvery = tookMs > quickMs ? 1 : Math.min(mostBetweenLooks, this.#looksEvery * 2)
      // A slow one among quick ones stands for itself.
      const ms = tookMs > quickMs ? tookMs : tookMs * standsFor
      this.timer.move('user', 'encode', ms)
      this.timer.worked('encode', ms)
    }
  }

  take(): RecordedTimings | undefined {
    return this.timer.take()
  }

  #reading(): void {
    this.#isReading = true
    this.timer.enter('input')
    this.#rest()
  }

  #read(): void {
    if (!this.#isReading) return
    this.#isReading = false
    this.timer.leave('input')
  }

  /** No call is under way but those that pause. */
  #rest(): void {
    if (this.#inFlight === this.#pausing) this.timer.leave('user')
  }
}
