import { contentHash, fullContentHash } from './content-hash.ts'

/** Of so many values with the same quick hash each is compared; more are first told apart by a hash over all they hold. */
const mostUnsplit = 16

export type IsSame = (a: unknown, b: unknown) => boolean

/** Hashes of a value: one that is found quickly, and one over all it holds. Values that are the same have the same. */
export interface ContentHashes {
  readonly quick: (value: unknown) => number
  readonly full: (value: unknown) => number
}

const wholeHashes: ContentHashes = { quick: contentHash, full: fullContentHash }

/** Places with one quick hash, the last first. */
interface Bucket {
  readonly places: number[]
  /** The same by the full hash; then `places` is not used any more. */
  split: Map<number, number[]> | undefined
}

/** Places in a list, found by what stands there. Hashes only make it quick: what is the same is always found. */
export class ContentIndex {
  readonly #values: readonly unknown[]
  readonly #isSame: IsSame
  readonly #hashes: ContentHashes
  readonly #buckets = new Map<number, Bucket>()

  constructor(values: readonly unknown[], isSame: IsSame, hashes: ContentHashes = wholeHashes) {
    this.#values = values
    this.#isSame = isSame
    this.#hashes = hashes
    for (let place = values.length - 1; place >= 0; place--) {
      const hash = hashes.quick(values[place])
      const bucket = this.#buckets.get(hash)
      if (bucket === undefined) this.#buckets.set(hash, { places: [place], split: undefined })
      else bucket.places.push(place)
    }
  }

  has(value: unknown): boolean {
    return this.#find(value) !== undefined
  }

  /** The first place with the same value that was not taken yet; undefined: there is none. */
  take(value: unknown): number | undefined {
    const found = this.#find(value)
    return found?.places.splice(found.at, 1)[0]
  }

  #find(value: unknown): { readonly places: number[]; readonly at: number } | undefined {
    const bucket = this.#buckets.get(this.#hashes.quick(value))
    if (bucket === undefined) return undefined
    if (bucket.split === undefined) {
      const at = this.#lastSame(bucket.places, value, mostUnsplit)
      if (at >= 0) return { places: bucket.places, at }
      if (bucket.places.length <= mostUnsplit) return undefined
      bucket.split = Map.groupBy(bucket.places, place => this.#hashes.full(this.#values[place]))
    }
    const places = bucket.split.get(this.#hashes.full(value)) ?? []
    const at = this.#lastSame(places, value, places.length)
    return at < 0 ? undefined : { places, at }
  }

  #lastSame(places: readonly number[], value: unknown, most: number): number {
    const end = Math.max(0, places.length - most)
    for (let at = places.length - 1; at >= end; at--) if (this.#isSame(this.#values[places[at] ?? 0], value)) return at
    return -1
  }
}
