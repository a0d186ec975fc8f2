import type { CommonBytes } from './common-bytes.ts'

/** Bytes that must be equal for a place of the base to be found. */
export const needleBytes = 16
/** Every n-th place of the base is known: equal bytes are found for certain from n + needle - 1 on. */
const stride = 16
/** Places of the base tried for one place of the target: a period would offer all of them. */
const mostCandidates = 4

/** Where needles stand in a base. Made at the first {@link find}, because most deltas need none. */
export class BaseIndex {
  readonly #common: CommonBytes
  readonly #shift: number
  /** The last place with this hash / stride + 1, or 0; then the one before it, by place. */
  readonly #heads: Int32Array
  readonly #before: Int32Array

  constructor(common: CommonBytes) {
    const { base } = common
    const places = Math.max(0, Math.floor((base.byteLength - needleBytes) / stride) + 1)
    const bits = Math.max(8, 32 - Math.clz32(places))
    this.#common = common
    this.#shift = 32 - bits
    this.#heads = new Int32Array(1 << bits)
    this.#before = new Int32Array(places + 1)
    for (let place = 1; place <= places; place++) {
      const hash = hashNeedle(base, (place - 1) * stride) >>> this.#shift
      this.#before[place] = this.#heads[hash] ?? 0
      this.#heads[hash] = place
    }
  }

  /**
   * The place in the base from which most bytes are equal to those at `target`, of which at least a needle follows; -1 if there is
   * none. Bounded: what is compared is a few times what will be copied.
   */
  find(target: number, most: number): number {
    const { target: bytes, base } = this.#common
    let place = this.#heads[hashNeedle(bytes, target) >>> this.#shift] ?? 0
    let best = -1
    let bestLength = needleBytes - 1
    for (let tried = 0; place !== 0 && tried < mostCandidates; tried++) {
      const start = (place - 1) * stride
      const last = bestLength - 3
      if (bestLength >= most) break
      if (
        start + bestLength < base.byteLength &&
        bytes.getInt32(target) === base.getInt32(start) &&
        bytes.getInt32(target + last) === base.getInt32(start + last)
      ) {
        const length = this.#common.forwards(target, start, Math.min(most, base.byteLength - start))
        if (length > bestLength) {
          best = start
          bestLength = length
        }
      }
      place = this.#before[place] ?? 0
    }
    return best
  }
}

function hashNeedle(bytes: DataView, at: number): number {
  const sum =
    Math.imul(bytes.getInt32(at), 0x9e3779b1) +
    Math.imul(bytes.getInt32(at + 4), 0x85ebca77) +
    Math.imul(bytes.getInt32(at + 8), 0xc2b2ae3d) +
    Math.imul(bytes.getInt32(at + 12), 0x27d4eb2f)
  return Math.imul(sum ^ (sum >>> 15), 0x2c1b3c6d)
}
