import type { FixedColumn } from './canonical-column.ts'
import { differentTimes, type Frequency, frequencyOf } from './facts-frequency.ts'
import { columnTimes, localTimes, type TimeType } from './facts-times.ts'
import type { Scratch } from './scratch.ts'
import { SpilledTimes } from './spilled-times.ts'

/** Times gathered before those that are there twice are left out. */
const gatheredTimes = 1 << 20

/** The different times of a column that comes in parts, and how far apart they are. */
export class TimesCounter {
  readonly #type: TimeType
  /** In their order, each once. */
  #different: Float64Array = new Float64Array(0)
  /** Those of the last parts. */
  #parts: Float64Array[] = []
  #gathered = 0
  #spilled: SpilledTimes | undefined

  constructor(type: TimeType) {
    this.#type = type
  }

  add(column: FixedColumn): void {
    const times = columnTimes(column, this.#type)
    this.#parts.push(times)
    this.#gathered += times.length
    if (this.#gathered >= Math.max(gatheredTimes, this.#different.length)) this.#merge()
  }

  /** Puts the times into the scratch if they are more than so many. */
  async spill(scratch: Scratch, mostTimes: number = gatheredTimes): Promise<void> {
    if (this.#different.length + this.#gathered <= mostTimes) return
    this.#merge()
    if (this.#different.length <= mostTimes / 2) return
    this.#spilled ??= new SpilledTimes(scratch)
    await this.#spilled.add(this.#different)
    this.#different = new Float64Array(0)
  }

  frequency(): Frequency | undefined {
    this.#merge()
    const inUtc = frequencyOf(this.#different)
    return inUtc?.name === 'irregular' ? frequencyOf(localTimes(this.#different, this.#type)) : inUtc
  }

  /** The same, where some may be in the scratch. */
  async frequencyOfAll(): Promise<Frequency | undefined> {
    if (this.#spilled === undefined) return this.frequency()
    this.#merge()
    await this.#spilled.add(this.#different)
    const inUtc = await this.#spilled.frequency()
    return inUtc?.name === 'irregular' ? this.#spilled.frequency(times => localTimes(times, this.#type)) : inUtc
  }

  #merge(): void {
    const [only] = this.#parts
    const isOnly = this.#different.length === 0 && this.#parts.length === 1
    if (this.#parts.length > 0) this.#different = differentTimes(isOnly && only !== undefined ? only : this.#joined())
    this.#parts = []
    this.#gathered = 0
  }

  #joined(): Float64Array {
    const all = new Float64Array(this.#different.length + this.#gathered)
    all.set(this.#different)
    let at = this.#different.length
    for (const part of this.#parts) {
      all.set(part, at)
      at += part.length
    }
    return all
  }
}
