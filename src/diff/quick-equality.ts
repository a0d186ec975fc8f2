import { types } from 'node:util'
import { isSameLeaf } from '../model/value-kind.ts'

/** So many containers of one pair are looked at. Most elements of arrays have fewer; what has more is compared piece by piece. */
const mostContainers = 64

/**
 * Tells of small values that they are the same, without noting where it is: most of two large values is equal, and told so four times faster. False says nothing: they may differ, be too large, or be of a kind
 * that takes more.
 */
export class QuickEquality {
  /** Values that are no containers, in the pair that was the same. */
  leaves = 0
  /** Of a pair that was not the same: it may be so all the same. */
  isOpen = false
  #containers = 0

  isSame(a: unknown, b: unknown): boolean {
    this.leaves = 0
    this.isOpen = false
    this.#containers = mostContainers
    return this.#same(a, b)
  }

  #same(a: unknown, b: unknown): boolean {
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
      this.leaves++
      return Object.is(a, b)
    }
    if (this.#containers-- <= 0) return this.#leaveOpen()
    const prototype: unknown = Object.getPrototypeOf(a)
    if (prototype !== Object.getPrototypeOf(b)) return false
    if (prototype === Object.prototype) return this.#objects(a, b)
    if (prototype === Array.prototype) return Array.isArray(a) && Array.isArray(b) && this.#arrays(a, b)
    if (types.isMap(a) && types.isMap(b)) return this.#maps(a, b)
    this.leaves++
    return prototype === Date.prototype ? isSameLeaf(a, b) : this.#leaveOpen()
  }

  /** Keys in the same order: that is how states that a program keeps come back. */
  #objects(a: object, b: object): boolean {
    // Any object can be read by any key; TypeScript has no other way to say so.
    const [before, after] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>]
    const keys = Object.keys(before)
    let matched = 0
    for (const key in after) {
      if (keys[matched++] !== key) return this.#leaveOpen()
      if (!this.#same(before[key], after[key])) return false
    }
    return matched === keys.length
  }

  #arrays(a: readonly unknown[], b: readonly unknown[]): boolean {
    if (a.length !== b.length) return false
    for (let index = 0; index < a.length; index++) {
      const [before, after] = [a[index], b[index]]
      if (!this.#same(before, after)) return false
      if (before === undefined && index in a !== index in b) return false
    }
    return true
  }

  #maps(a: ReadonlyMap<unknown, unknown>, b: ReadonlyMap<unknown, unknown>): boolean {
    if (a.size !== b.size) return false
    for (const [key, after] of b) {
      const before = a.get(key)
      // Keys that are objects can be others that hold the same.
      if (before === undefined && !a.has(key)) return this.#leaveOpen()
      if (!this.#same(before, after)) return false
    }
    return true
  }

  #leaveOpen(): false {
    this.isOpen = true
    return false
  }
}
