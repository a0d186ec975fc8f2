import { type ForkOrigin, isInherited } from '../model/fork-origin.ts'
import { RecordedRun } from '../model/recorded-run.ts'
import type { RunRecord } from '../model/records.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { decodeFound } from './decode-found.ts'
import { originLost, ownHistory } from './fork-history.ts'
import type { StoreCore } from './store-core.ts'

interface DecodedRecord {
  readonly token: number
  readonly sequence: number
  readonly position: RecordPosition
  readonly record: RunRecord
}

/** What runs of one family have recorded: each is read and decoded once, however many forks stand on it. */
export class ForkHistories {
  readonly #core: StoreCore
  readonly #read = new Map<string, readonly DecodedRecord[]>()

  constructor(core: StoreCore) {
    this.#core = core
  }

  /**
   * Everything that counts in the run, also of those it was forked from.
   *
   * @throws WaymarkError `corrupt` if something of it cannot be read
   */
  async recordedOf(run: string): Promise<RecordedRun> {
    const newestFirst: (readonly DecodedRecord[])[] = []
    let part = await this.#ownOf(run)
    for (let origin = originOf(part); origin !== undefined; origin = originOf(part)) {
      newestFirst.push(part)
      const place = origin
      part = (await this.#ownOf(place.run)).filter(record => isInherited(place, record))
      if (part.length === 0) throw originLost(place)
    }
    const recorded = new RecordedRun()
    for (const records of [part, ...newestFirst.toReversed()])
      for (const { record, position } of records) recorded.apply(record, position)
    return recorded
  }

  /** Lets go of what is kept of a run that no other one of the family stands on. */
  forget(run: string): void {
    this.#read.delete(run)
  }

  async #ownOf(run: string): Promise<readonly DecodedRecord[]> {
    const known = this.#read.get(run)
    if (known !== undefined) return known
    const records: DecodedRecord[] = []
    for (const found of await ownHistory(this.#core, run)) {
      const { token, sequence, position } = found
      const record = await decodeFound(this.#core.log, found)
      // Only shown; of a fork they are most of what it records.
      if (record.type !== 'stage.inherited') records.push({ token, sequence, position, record })
    }
    this.#read.set(run, records)
    return records
  }
}

function originOf([first]: readonly DecodedRecord[]): ForkOrigin | undefined {
  return first?.record.type === 'run.created' ? first.record.forkedFrom : undefined
}
