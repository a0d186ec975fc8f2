import { ResultBytes } from '../format/result-bytes.ts'
import { keyDigestBytes } from '../model/key-digest.ts'
import type { KeySet } from '../model/key-set.ts'
import { PendingIndexes } from '../model/pending-indexes.ts'
import type { SetAsideItem, StageProgress, StoredError } from '../model/records.ts'

/** What a pass over items has finished and handed to no save yet. */
export class UnrecordedItems {
  readonly #indexes = new PendingIndexes()
  readonly #keys: KeySet
  readonly #results = new ResultBytes()
  #leastResult = Number.POSITIVE_INFINITY
  #setAside: SetAsideItem[] = []
  #setAsideBytes = 0

  /** @param keys Where the items that have a key are noted */
  constructor(keys: KeySet) {
    this.#keys = keys
  }

  /** Items. */
  get size(): number {
    return this.#indexes.size + this.#keys.finished
  }

  /** Bytes of results, of items set aside and of keys, about as a record holds them. Indexes take next to none. */
  get bytes(): number {
    return this.#results.length + this.#setAsideBytes + this.#keys.finished * keyDigestBytes
  }

  note(index: number, key: string | undefined): void {
    if (key === undefined) this.#indexes.add(index)
    else this.#keys.finish(key, index)
  }

  keepResult(index: number, bytes: Uint8Array): void {
    this.#results.push(index, bytes)
    if (index < this.#leastResult) this.#leastResult = index
  }

  putAside(item: SetAsideItem): void {
    this.#setAside.push(item)
    this.#setAsideBytes += storedBytes(item)
    this.note(item.index, item.key)
  }

  /** Hands over the results, and the least index of an item that has one. */
  takeResults(): { readonly bytes: Uint8Array; readonly from: number } {
    const from = this.#leastResult
    this.#leastResult = Number.POSITIVE_INFINITY
    return { bytes: this.#results.take(), from }
  }

  /** Hands over which items they are, and those set aside. */
  takeItems(): Pick<StageProgress, 'ranges' | 'keyDigests' | 'setAside'> {
    const ranges = this.#indexes.take()
    const keyDigests = this.#keys.takeFinished()
    const setAside = this.#setAside
    this.#setAside = []
    this.#setAsideBytes = 0
    return {
      ...(ranges.length === 0 ? {} : { ranges }),
      ...(keyDigests.length === 0 ? {} : { keyDigests }),
      ...(setAside.length === 0 ? {} : { setAside }),
    }
  }
}

/** About what an item set aside takes in memory and in a record. */
function storedBytes({ payload, key, error }: SetAsideItem): number {
  let bytes = 256 + (payload?.length ?? 0) + (key?.length ?? 0)
  for (let one: StoredError | undefined = error; one !== undefined; one = one.cause)
    bytes += one.message.length + (one.stack?.length ?? 0)
  return bytes
}
