import type { Random } from '../model/clock.ts'

/** Randomness that a seed replays. Not for secrets. */
export interface SeededRandom extends Random {
  /** Uniform in [0, 1), with 53 bits. */
  next(): number
  /** Uniform whole number in [0, below). */
  integer(below: number): number
  /** One of the list, each equally likely; throws a RangeError on an empty list. */
  pick<T>(list: readonly T[]): T
  /** True with probability `p`. */
  bool(p: number): boolean
}

/**
 * sfc32 ("small fast counting") by Chris Doty-Humphrey, from his test suite PractRand, seeded as there: the seed as a 64-bit
 * number, then fifteen rounds thrown away. Period at least 2^32, about 2^127 on average.
 *
 * @param seed A whole number; print it when a test fails.
 */
export function seededRandom(seed: number): SeededRandom {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`a seed is a whole number, not ${seed}`)
  let a = 0
  let b = seed | 0
  let c = Math.floor(seed / 2 ** 32) | 0
  let counter = 1

  function word(): number {
    const result = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + result) | 0
    return result >>> 0
  }
  for (let round = 0; round < 15; round++) word()

  function next(): number {
    return ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53
  }

  function integer(below: number): number {
    if (!Number.isSafeInteger(below) || below < 1) throw new RangeError(`no whole number in [0, ${below})`)
    return Math.floor(next() * below)
  }

  return {
    next,
    integer,
    pick: list => {
      if (list.length === 0) throw new RangeError('nothing to pick from')
      // In range, which the type cannot say; a check for undefined would refuse lists that hold it.
      return list[integer(list.length)] as (typeof list)[number]
    },
    bool: p => next() < p,
    bytes: length => {
      const words = Uint32Array.from({ length: Math.ceil(length / 4) }, word)
      return new Uint8Array(words.buffer, 0, length)
    },
  }
}
