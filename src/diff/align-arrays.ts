import { contentHash } from './content-hash.ts'
import type { QuickEquality } from './quick-equality.ts'

/** Which element of one array is which of another. */
export interface Alignment {
  /** For each element of the second array, its index in the first; -1 for one that is new. */
  readonly indexBefore: Int32Array
  /** Indexes in the second array of elements that stand in another order than before. */
  readonly moved: ReadonlySet<number>
  /** For each element of the second array, 1 where it is known to be the same as before. Left out where that was not looked at. */
  readonly same?: Uint8Array
  /** Values that are no containers in these. */
  readonly sameLeaves?: number
  /** The key that was asked for is in all elements, but not of its own in each: another way was taken. */
  readonly isKeyUnused?: boolean
}

type Elements = readonly unknown[]

const guessedKeys = ['id', 'key', 'name'] as const
/** How many elements further on two arrays are looked at for where they are the same again. */
const window = 6
/** Up to so many pairs of elements the longest common subsequence is found exactly. */
const mostPairs = 16_384

/**
 * Finds the elements of `a` in `b`: by the key that all of them have, each its own; else by what they hold, in order. Time grows with n log n, never with n².
 */
export function alignArrays(a: Elements, b: Elements, arrayKey: string | undefined, quick: QuickEquality): Alignment {
  if (arrayKey === undefined) return alignUnasked(a, b, quick)
  const asked = alignByKey(a, b, arrayKey)
  if (asked !== undefined) return keysOf(a, arrayKey) === undefined ? { ...asked, isKeyUnused: true } : asked
  const aligned = alignUnasked(a, b, quick)
  const haveKey = [a, b].every(elements => elements.every(element => keyOf(element, arrayKey) !== undefined))
  return haveKey ? { ...aligned, isKeyUnused: true } : aligned
}

function alignUnasked(a: Elements, b: Elements, quick: QuickEquality): Alignment {
  for (const name of guessedKeys) {
    const aligned = alignByKey(a, b, name)
    if (aligned !== undefined) return aligned
  }
  return alignByContent(a, b, quick)
}

function alignByKey(a: Elements, b: Elements, name: string): Alignment | undefined {
  if (haveSameKeys(a, b, name)) return { indexBefore: Int32Array.from(b.keys()), moved: new Set() }
  const before = keysOf(a, name)
  const after = before === undefined ? undefined : keysOf(b, name)
  if (before === undefined || after === undefined) return undefined
  const indexBefore = Int32Array.from(after.keys(), key => before.get(key) ?? -1)
  const inOrder = new Set(longestRise(indexBefore))
  const moved = new Set<number>()
  for (const [index, old] of indexBefore.entries()) if (old >= 0 && !inOrder.has(index)) moved.add(index)
  return { indexBefore, moved }
}

/** Whether the arrays have elements of the same keys in the same order. */
function haveSameKeys(a: Elements, b: Elements, name: string): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) {
    const key = keyOf(a[index], name)
    if (key === undefined || key !== keyOf(b[index], name)) return false
  }
  return true
}

type ElementKey = string | number | bigint

function keyOf(element: unknown, name: string): ElementKey | undefined {
  if (typeof element !== 'object' || element === null || Array.isArray(element)) return undefined
  const key: unknown = element instanceof Map ? element.get(name) : Reflect.get(element, name)
  return typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint' ? key : undefined
}

/** The index of each key, in order; undefined unless every element has one, each its own. */
function keysOf(elements: Elements, name: string): Map<ElementKey, number> | undefined {
  const keys = new Map<ElementKey, number>()
  for (let index = 0; index < elements.length; index++) {
    const key = keyOf(elements[index], name)
    if (key === undefined) return undefined
    keys.set(key, index)
    if (keys.size !== index + 1) return undefined
  }
  return keys
}

function alignByContent(a: Elements, b: Elements, quick: QuickEquality): Alignment {
  const indexBefore = new Int32Array(b.length).fill(-1)
  const same = new Uint8Array(b.length)
  let sameLeaves = 0
  const likeness = new Likeness(quick)
  const match = (old: number, index: number): boolean => {
    if (!likeness.isLike(a[old], b[index]) || old in a !== index in b) return false
    indexBefore[index] = old
    if (!likeness.isProven) return true
    same[index] = 1
    sameLeaves += quick.leaves
    return true
  }
  let old = 0
  let index = 0
  while (old < a.length && index < b.length) {
    if (match(old, index)) {
      old++
      index++
      continue
    }
    const found = sameAgain(a, b, old, index, likeness)
    if (found === undefined) break
    old += found.old
    index += found.index
  }
  let [oldEnd, end] = [a.length, b.length]
  while (oldEnd > old && end > index && match(oldEnd - 1, end - 1)) {
    oldEnd--
    end--
  }
  const tokens = new Tokens()
  const [before, after] = [tokens.of(a.slice(old, oldEnd)), tokens.of(b.slice(index, end))]
  const common = commonParts(before, after)
  if (isBetterInPlace(before, after, common.length)) {
    for (let place = 0; place < after.length; place++) indexBefore[index + place] = old + place
  } else for (const [placeBefore, place] of common) indexBefore[index + place] = old + placeBefore
  pairWithinGaps(indexBefore, a.length)
  return { indexBefore, moved: new Set(), same, sameLeaves }
}

/** Whether less is different when each element is compared with the one at its own place: that of a vector, not of a queue. */
function isBetterInPlace(a: Int32Array, b: Int32Array, common: number): boolean {
  if (a.length !== b.length) return false
  let same = 0
  for (let place = 0; place < a.length; place++) if (a[place] === b[place]) same++
  // Whatever is not common is taken out at one place and put in at another.
  return a.length - same <= 2 * (a.length - common)
}

/** How many elements further on two arrays that differ here are the same again, the fewest; undefined if not nearby. */
function sameAgain(
  a: Elements,
  b: Elements,
  old: number,
  index: number,
  likeness: Likeness,
): { readonly old: number; readonly index: number } | undefined {
  for (let skipped = 1; skipped <= window; skipped++) {
    for (let skippedOld = 0; skippedOld <= skipped; skippedOld++) {
      const [i, j] = [old + skippedOld, index + skipped - skippedOld]
      // Two in a row: one alone is often the same by chance.
      const isEnd = i + 1 === a.length && j + 1 === b.length
      if (i < a.length && j < b.length && likeness.isLike(a[i], b[j]) && (isEnd || likeness.isLike(a[i + 1], b[j + 1])))
        return { old: skippedOld, index: skipped - skippedOld }
    }
  }
  return undefined
}

/** Whether two elements are the same, as far as that can be told without comparing all of them. */
class Likeness {
  /** Of the pair asked for last, which was alike. */
  isProven = false
  readonly #quick: QuickEquality
  readonly #hashes = new Map<unknown, number>()

  constructor(quick: QuickEquality) {
    this.#quick = quick
  }

  isLike(a: unknown, b: unknown): boolean {
    this.isProven = this.#quick.isSame(a, b)
    return this.isProven || (this.#quick.isOpen && this.#hash(a) === this.#hash(b))
  }

  #hash(value: unknown): number {
    const known = this.#hashes.get(value)
    if (known !== undefined) return known
    const hash = contentHash(value)
    this.#hashes.set(value, hash)
    return hash
  }
}

/** What is between two elements that stayed is paired one by one: it was changed where it stands. */
function pairWithinGaps(indexBefore: Int32Array, lengthBefore: number): void {
  let old = 0
  for (let index = 0; index < indexBefore.length; index++) {
    const known = indexBefore[index] ?? -1
    if (known >= 0) {
      old = known + 1
      continue
    }
    let next = index
    while (next < indexBefore.length && (indexBefore[next] ?? -1) < 0) next++
    const gapEnd = next < indexBefore.length ? (indexBefore[next] ?? 0) : lengthBefore
    while (index < next && old < gapEnd) indexBefore[index++] = old++
    index = next - 1
  }
}

/** Small numbers for elements: the same for those that hold the same. */
class Tokens {
  readonly #ofValues = new Map<unknown, number>()
  readonly #ofHashes = new Map<number, number>()
  #next = 0

  of(elements: Elements): Int32Array {
    const tokens = new Int32Array(elements.length)
    for (let index = 0; index < elements.length; index++) tokens[index] = this.#token(elements[index], index in elements)
    return tokens
  }

  #token(element: unknown, isThere: boolean): number {
    if (typeof element === 'object' && element !== null) return this.#number(this.#ofHashes, contentHash(element))
    if (!isThere) return -1
    return Object.is(element, -0) ? -2 : this.#number(this.#ofValues, element)
  }

  #number<Key>(known: Map<Key, number>, key: Key): number {
    const token = known.get(key)
    if (token !== undefined) return token
    known.set(key, this.#next)
    return this.#next++
  }
}

/** Pairs of places, both rising, at which two lists have the same. */
function commonParts(a: Int32Array, b: Int32Array): readonly (readonly [number, number])[] {
  if (a.length === 0 || b.length === 0) return []
  return a.length * b.length <= mostPairs ? longestCommon(a, b) : risingOccurrences(a, b)
}

function longestCommon(a: Int32Array, b: Int32Array): readonly (readonly [number, number])[] {
  const width = b.length + 1
  const longest = new Uint16Array((a.length + 1) * width)
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const pairs: (readonly [number, number])[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++])
    else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  }
  return pairs
}

/** The n-th of one kind here is the n-th there; of these, the longest part that is in order. */
function risingOccurrences(a: Int32Array, b: Int32Array): readonly (readonly [number, number])[] {
  const places = new Map<number, number[]>()
  for (let i = a.length - 1; i >= 0; i--) {
    const token = a[i] ?? 0
    const known = places.get(token)
    if (known === undefined) places.set(token, [i])
    else known.push(i)
  }
  const indexBefore = Int32Array.from(b, token => places.get(token)?.pop() ?? -1)
  return longestRise(indexBefore).map(j => [indexBefore[j] ?? 0, j] as const)
}

/** Places of the longest rising part of a list, negative numbers left out. */
function longestRise(list: Int32Array): number[] {
  // lasts[n]: place of the least number on which a rising part of n + 1 can end.
  const lasts: number[] = []
  const previous = new Int32Array(list.length)
  for (let place = 0; place < list.length; place++) {
    const value = list[place] ?? -1
    if (value < 0) continue
    let low = 0
    let high = lasts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((list[lasts[middle] ?? 0] ?? 0) < value) low = middle + 1
      else high = middle
    }
    previous[place] = low === 0 ? -1 : (lasts[low - 1] ?? -1)
    lasts[low] = place
  }
  const rise: number[] = []
  for (let place = lasts.at(-1) ?? -1; place >= 0; place = previous[place] ?? -1) rise.push(place)
  return rise.reverse()
}
