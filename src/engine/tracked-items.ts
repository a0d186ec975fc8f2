import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import type { KeySet } from '../model/key-set.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import { TrackedIndexes } from './tracked-indexes.ts'

/**
 * Which items of a tracked loop are finished, whether or not that is durable yet. They are known by index or by key, as the first one says that was ever asked for: not by both, because 7 and '7'
 * would be two items to one part of a program and the same to another.
 */
export class TrackedItems {
  readonly #path: string
  readonly #keys: KeySet
  readonly #indexes = new TrackedIndexes()
  #kind: 'index' | 'key' | undefined
  #next: number

  constructor(path: string, recorded: RecordedStage) {
    this.#path = path
    this.#keys = recorded.keys
    // Items of an earlier loop of this attempt that it could not record are to be done again.
    this.#keys.forgetMet()
    for (const [from, to] of recorded.completed.toRanges()) this.#indexes.addRange(from, to)
    this.#kind = kindOf(recorded)
    this.#next = recorded.finished
  }

  /** Whether it is not to be done (again). */
  has(item: number | string): boolean {
    if (typeof item === 'number') {
      if (this.#kind !== 'index' || !(Number.isSafeInteger(item) && item >= 0)) this.#checkIndex(item)
      return this.#indexes.has(item)
    }
    if (this.#kind !== 'key' || typeof item !== 'string' || item === '') this.#checkKey(item)
    return this.#keys.knows(item)
  }

  /** Notes an item that {@link has} does not have as finished; returns its place: its index, or where it came among the keys. */
  add(item: number | string): number {
    if (typeof item === 'number') {
      this.#indexes.add(item)
      return item
    }
    this.#keys.meet(item)
    return this.#next++
  }

  /** Place that the next key gets. */
  placeOf(item: number | string): number {
    return typeof item === 'number' ? item : this.#next
  }

  #checkIndex(item: number): void {
    if (!(Number.isSafeInteger(item) && item >= 0)) throw badItem(this.#path, item)
    if (this.#kind === 'key') throw mixed(this.#path, item, 'by key', 'by index')
    this.#kind = 'index'
  }

  #checkKey(item: unknown): void {
    if (typeof item !== 'string' || item === '') throw badItem(this.#path, item)
    if (this.#kind === 'index') throw mixed(this.#path, item, 'by index', 'by key')
    this.#kind = 'key'
  }
}

function kindOf({ completed, keys, requeued }: RecordedStage): 'index' | 'key' | undefined {
  if (completed.size > 0) return 'index'
  if (keys.size > 0) return 'key'
  if (requeued === undefined) return undefined
  // Every item was set aside and is to be done again; as names they look alike, unless one is no index.
  for (const name of requeued) if (!/^\d+$/.test(name)) return 'key'
  return undefined
}

function badItem(path: string, item: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `${describe(item)} cannot be an item of ${JSON.stringify(path)}`,
    means: 'Nothing was noted of it; other items are not affected.',
    remedy: 'Name an item by its index from 0, or by a key that is a non-empty text.',
    details: { stage: path },
  })
}

function mixed(path: string, item: unknown, known: string, given: string): WaymarkError {
  return new WaymarkError('conflict', {
    message: `the items of ${JSON.stringify(path)} are known ${known}, and ${describe(item)} is named ${given}`,
    means: 'Nothing was noted of it; other items are not affected.',
    remedy: 'Use one of the two for all items of a stage; or another stage for the others.',
    details: { stage: path },
  })
}
