import { calendarMonths, differentTimes, type Frequency, TimeSteps } from './facts-frequency.ts'
import { Heap } from './heap.ts'
import type { Scratch } from './scratch.ts'

/** Times read and written together. */
const blockTimes = 16 * 1024
const timeBytes = 8

/** Times in a scratch, in their order. */
interface Run {
  readonly at: number
  readonly count: number
}

/** More different times than memory should hold, and how far apart they are. */
export class SpilledTimes {
  readonly #scratch: Scratch
  readonly #runs: Run[] = []

  constructor(scratch: Scratch) {
    this.#scratch = scratch
  }

  /** @param times in their order, each once; also those of before */
  async add(times: Float64Array): Promise<void> {
    if (times.length > 0) this.#runs.push({ at: await this.#append(times), count: times.length })
  }

  /** As `frequencyOf`. @param moved what each time is to be taken for */
  async frequency(moved?: (times: Float64Array) => Float64Array): Promise<Frequency | undefined> {
    if (moved !== undefined) return (await this.#moved(moved)).frequency()
    const all = await this.#merged()
    const steps = new TimeSteps()
    for await (const times of this.#blocks(all)) steps.add(times)
    // So far apart there are no more than some millions between the first and the last day that there is.
    const months = steps.mayBeMonths ? calendarMonths(await this.#whole(all)) : undefined
    const frequency = steps.withoutSteps(() => months)
    if (frequency !== 'steps') return frequency
    const even = steps.evenSteps()
    for await (const times of this.#blocks(all)) even.add(times)
    return even.frequency() ?? { name: 'irregular' }
  }

  /** Where clocks are put back, local times are in another order. */
  async #moved(moved: (times: Float64Array) => Float64Array): Promise<SpilledTimes> {
    const local = new SpilledTimes(this.#scratch)
    for (const run of this.#runs) {
      for await (const times of this.#blocks(run, blockTimes * 16)) await local.add(differentTimes(moved(times)))
    }
    return local
  }

  /** All runs as one, each time once. */
  async #merged(): Promise<Run> {
    const [only] = this.#runs
    if (this.#runs.length === 1 && only !== undefined) return only
    const opened = await Promise.all(this.#runs.map(run => RunHead.of(this.#blocks(run))))
    const heads = new Heap(
      opened.filter(({ isDone }) => !isDone),
      (one, other) => one.time < other.time,
    )
    const block = new Float64Array(blockTimes)
    let [at, count, filled, last] = [-1, 0, 0, Number.NaN]
    for (let least = heads.least; least !== undefined; least = heads.least) {
      if (least.time !== last) {
        last = least.time
        block[filled++] = last
        if (filled === blockTimes) {
          const start = await this.#append(block)
          if (at < 0) at = start
          count += filled
          filled = 0
        }
      }
      if (!least.step()) await least.next()
      if (least.isDone) heads.removeLeast()
      else heads.grown()
    }
    const start = await this.#append(block.subarray(0, filled))
    const run = { at: at < 0 ? start : at, count: count + filled }
    this.#runs.splice(0, this.#runs.length, run)
    return run
  }

  async *#blocks({ at, count }: Run, most: number = blockTimes): AsyncIterableIterator<Float64Array> {
    for (let from = 0; from < count; from += most) {
      const length = Math.min(most, count - from)
      const bytes = await this.#scratch.read(at + timeBytes * from, timeBytes * length)
      yield new Float64Array(bytes.buffer, bytes.byteOffset, length)
    }
  }

  async #whole({ at, count }: Run): Promise<Float64Array> {
    const bytes = await this.#scratch.read(at, timeBytes * count)
    return new Float64Array(bytes.buffer, bytes.byteOffset, count)
  }

  #append(times: Float64Array): Promise<number> {
    return this.#scratch.append(new Uint8Array(times.buffer, times.byteOffset, times.byteLength))
  }
}

/** The next time of a run. */
class RunHead {
  readonly #blocks: AsyncIterator<Float64Array>
  #block: Float64Array = new Float64Array(0)
  #at = 0
  isDone = false

  constructor(blocks: AsyncIterator<Float64Array>) {
    this.#blocks = blocks
  }

  static async of(blocks: AsyncIterator<Float64Array>): Promise<RunHead> {
    const head = new RunHead(blocks)
    await head.next()
    return head
  }

  get time(): number {
    return this.#block[this.#at] ?? 0
  }

  /** Goes to the next time; false where another block must be read for it. */
  step(): boolean {
    return ++this.#at < this.#block.length
  }

  async next(): Promise<void> {
    const next = await this.#blocks.next()
    this.isDone = next.done === true
    if (next.done !== true) this.#block = next.value
    this.#at = 0
  }
}
