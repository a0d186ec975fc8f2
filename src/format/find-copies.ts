import { BaseIndex, needleBytes } from './base-index.ts'
import { CommonBytes } from './common-bytes.ts'

/** Bytes of the target that stand in the base. */
export interface Copy {
  readonly target: number
  readonly base: number
  readonly length: number
}

/** Least bytes of a copy that goes on where the last one would have: it costs 2 or 3 bytes. */
const leastInStep = 8
/** Least bytes of a copy from elsewhere: it costs up to 5, and the way back as much again. */
const leastMoved = 32
/** Bytes of a copy that is no coincidence. */
const longBytes = 64
/** Bytes searched for the end of a replaced field before anything dearer is tried. */
const replacedBytes = 32
/** Bytes before the common end that are not searched: an index costs more than they do. */
const leastSearched = 64
/** The search steps on by one byte more after each 2^6 without a long copy: long ones are found all the same, and new bytes cost less. */
const patience = 6
/** No more than this, and odd: the places that an index knows are 16 apart. */
const longestStep = 15
/** Bytes by which a field may have grown or shrunk to be found without an index. */
const smallShift = 16

/**
 * Finds the parts of a target that stand in a base, in the order of the target. Work is linear in both, whatever they hold: equal
 * bytes are compared with those at the same distance as before, and only where that ends is the place searched where they go on:
 * a few bytes later, a few bytes aside, at the common end, anywhere. Each is tried only if the one before it failed.
 */
export class CopyFinder {
  readonly #common: CommonBytes
  readonly #targetBytes: number
  readonly #baseBytes: number
  /** Place in the base minus place in the target, of the last long copy: what follows a short one is most often found here again. */
  #distance = 0
  /** Where the last long copy ended. */
  #longEnd = 0
  #index: BaseIndex | undefined
  /** Where the end begins that both have in common; unknown until it is needed. */
  #tail: number | undefined

  constructor(target: Uint8Array, base: Uint8Array) {
    this.#common = new CommonBytes(target, base)
    this.#targetBytes = target.length
    this.#baseBytes = base.length
  }

  /** The next copy at or after `from`, if it begins before `stop`; equal bytes between `from` and it are part of it. */
  next(from: number, stop: number): Copy | undefined {
    const near =
      this.#inStep(from, from, Math.min(stop, from + replacedBytes)) ?? (from === this.#longEnd ? this.#aside(from) : undefined)
    const found = near ?? this.#search(from, stop)
    if (found !== undefined && found.length >= longBytes) {
      this.#distance = found.base - found.target
      this.#longEnd = found.target + found.length
    }
    return found
  }

  /** At the same distance as before, at one of the places from `first` on. */
  #inStep(from: number, first: number, stop: number): Copy | undefined {
    const distance = this.#distance
    const { target, base } = this.#common
    const last = Math.min(stop - 1, this.#targetBytes - leastInStep, this.#baseBytes - leastInStep - distance)
    for (let at = Math.max(first, -distance); at <= last; at++) {
      if (target.getInt32(at) === base.getInt32(at + distance) && target.getInt32(at + 4) === base.getInt32(at + distance + 4)) {
        return this.#extend(from, at, at + distance)
      }
    }
    return undefined
  }

  /** A few bytes further or nearer: a field that grew or shrank. */
  #aside(from: number): Copy | undefined {
    const { target, base } = this.#common
    for (const ahead of [0, 8, 24, 48]) {
      const at = from + ahead
      if (at + needleBytes > this.#targetBytes) return undefined
      const word = target.getInt32(at)
      for (let shift = 1; shift <= 2 * smallShift; shift++) {
        const place = at + this.#distance + (shift & 1 ? (shift + 1) >> 1 : -(shift >> 1))
        if (place < 0 || place + needleBytes > this.#baseBytes || base.getInt32(place) !== word) continue
        if (this.#common.forwards(at, place, needleBytes) === needleBytes) return this.#extend(from, at, place)
      }
    }
    return undefined
  }

  /** Anywhere, up to the end in common. */
  #search(from: number, stop: number): Copy | undefined {
    const tail = this.#tailFrom(from)
    const last = Math.min(stop - 1, tail - 1, this.#targetBytes - needleBytes)
    const isWorthIt = tail === this.#targetBytes || tail - from > leastSearched
    if (isWorthIt && from <= last) this.#index ??= new BaseIndex(this.#common)
    for (let at = from; isWorthIt && at <= last; at += Math.min(longestStep, 1 + ((at - this.#longEnd) >> patience))) {
      const kept = this.#inStep(from, at, at + 1)
      if (kept !== undefined) return kept
      const place = this.#index?.find(at, this.#targetBytes - at) ?? -1
      if (place < 0) continue
      const found = this.#extend(from, at, place)
      if (found.length >= leastMoved) return found
    }
    if (tail >= stop || tail >= this.#targetBytes) return undefined
    return { target: tail, base: this.#baseBytes - this.#targetBytes + tail, length: this.#targetBytes - tail }
  }

  #tailFrom(from: number): number {
    if (this.#tail === undefined) {
      const most = Math.min(this.#targetBytes - from, this.#baseBytes)
      const length = this.#common.backwards(this.#targetBytes, this.#baseBytes, most)
      this.#tail = this.#targetBytes - (length < leastMoved ? 0 : length)
    }
    return Math.max(from, this.#tail)
  }

  /** All equal bytes around a place, not before `from`. */
  #extend(from: number, target: number, base: number): Copy {
    const back = this.#common.backwards(target, base, Math.min(target - from, base))
    const ahead = this.#common.forwards(target, base, Math.min(this.#targetBytes - target, this.#baseBytes - base))
    return { target: target - back, base: base - back, length: back + ahead }
  }
}
