import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import type { KeySet, Met } from '../model/key-set.ts'
import type { KeyOf } from './run.ts'

/** Fewer keys are not worth being asked for together. */
const leastAnnounced = 8

/** Asks for the keys of the items of a pass, in order; no two may be the same. */
export class ItemKeys {
  readonly #path: string
  readonly #key: KeyOf<unknown>
  readonly #keys: KeySet
  /** Keys of the batch at hand, and the index of its first item. */
  #announced: string[] = []
  #announcedFrom = 0
  #isRecorded = false

  constructor(path: string, key: KeyOf<unknown>, keys: KeySet) {
    this.#path = path
    this.#key = key
    this.#keys = keys
    // A function that is called again in one attempt goes over its items once more.
    keys.forgetMet()
  }

  /** Meets the keys of a batch at once, as far as they can be had: looking them up one by one would wait for memory at each. */
  announce(batch: readonly unknown[], firstIndex: number): void {
    this.#announcedFrom = firstIndex
    this.#announced = []
    if (batch.length < leastAnnounced) return
    const key = this.#key
    try {
      for (const item of batch) {
        const name = key(item)
        if (!isName(name)) break
        this.#announced.push(String(name))
      }
    } catch {
      // It is asked again when its turn comes, and then the items before it are done.
    }
    this.#announced.length = this.#keys.announce(this.#announced, firstIndex)
  }

  /** Items from this one on that are recorded, without a gap, as far as their keys are known by now. */
  recordedFrom(index: number): number {
    const from = index - this.#announcedFrom
    let at = from
    while (at < this.#announced.length && this.#keys.announcedWas(at) === 'recorded') at++
    return at - from
  }

  /** @throws WaymarkError `invalid` if the item has no usable key, `conflict` if an item before it has the same; and what `key` throws */
  keyOf(item: unknown, index: number): string {
    const at = index - this.#announcedFrom
    let text = this.#announced[at]
    let met: Met
    if (text === undefined) {
      const key = this.#key
      const name = key(item)
      if (!isName(name)) throw badKey(this.#path, index, name)
      text = String(name)
      met = this.#keys.meet(text)
    } else met = this.#keys.announcedWas(at)
    if (met === 'again') throw sameKey(this.#path, index, text)
    this.#isRecorded = met === 'recorded'
    return text
  }

  /** Of the key asked for last. */
  get isRecorded(): boolean {
    return this.#isRecorded
  }
}

const isName = (name: unknown): name is string | number => Number.isFinite(name) || (typeof name === 'string' && name !== '')

function badKey(path: string, index: number, name: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the key of item ${index} of ${JSON.stringify(path)} is ${name === '' ? 'empty' : `${describe(name)}, not text or a number`}`,
    means: 'The item was not called; items finished before it are recorded.',
    remedy: 'Let key return a name that every item has: key: item => item.id.',
    details: { stage: path, index },
  })
}

function sameKey(path: string, index: number, key: string): WaymarkError {
  return new WaymarkError('conflict', {
    message: `two items of ${JSON.stringify(path)} have the key ${JSON.stringify(key)}; the second is item ${index}`,
    means:
      'The second was not called: results are known by key, so one key cannot hold two. Items finished before it are recorded.',
    remedy: 'Let key return something that differs for every item, or remove the repetition from the input.',
    details: { stage: path, index, key },
  })
}
