import { bytesOf, errorParts, kindOf } from '../model/value-kind.ts'

/** About so many containers of one value are looked at, and no deeper than this: what differs only beyond has the same hash. */
const mostNodes = 500
const mostLevels = 24
/** The full hash looks at all containers down to here. */
const mostLevelsFull = 100

const number = new Float64Array(1)
const halves = new Uint32Array(number.buffer)

/**
 * A hash over what a value holds, in 32 bits; the order of keys and members does not count. Good for finding what probably is the same: equal values have the same hash, and whoever needs to know compares.
 */
export function contentHash(value: unknown): number {
  return new Hasher(mostLevels, undefined).of(value, 0, mostNodes)
}

/** The same over all that a value holds, however much that is. */
export function fullContentHash(value: unknown): number {
  return new Hasher(mostLevelsFull, []).of(value, 0, Number.POSITIVE_INFINITY)
}

/** What the hash of an object is made of, key by key, in any order. */
export const entryHash = (key: string, valueHash: number): number => mix(textHash(key), valueHash)

class Hasher {
  readonly #mostLevels: number
  /** Of each level, the hashes of its objects: what stands at many places, or within itself, is looked at once a level. */
  readonly #known: Map<object, number>[] | undefined

  constructor(most: number, known: Map<object, number>[] | undefined) {
    this.#mostLevels = most
    this.#known = known
  }

  /** @param budget How many containers are looked at. Each part has its own share: in which order parts come must not decide which are seen. */
  of(value: unknown, level: number, budget: number): number {
    switch (typeof value) {
      case 'string':
        return mix(1, textHash(value))
      case 'number':
        return numberHash(value)
      case 'boolean':
        return value ? 11 : 13
      case 'bigint':
        return mix(2, textHash(String(value)))
      case 'object':
        return value === null
          ? 17
          : this.#known === undefined
            ? this.#object(value, level, budget)
            : this.#once(value, level, budget)
      default:
        return 19
    }
  }

  #once(value: object, level: number, budget: number): number {
    if (this.#known === undefined || level > this.#mostLevels) return this.#object(value, level, budget)
    const known = this.#known[level] ?? new Map<object, number>()
    this.#known[level] = known
    const before = known.get(value)
    if (before !== undefined) return before
    const hash = this.#object(value, level, budget)
    known.set(value, hash)
    return hash
  }

  #object(value: object, level: number, budget: number): number {
    const kind = kindOf(value)
    if (kind === 'leaf') return leafHash(value)
    if (level > this.#mostLevels || budget <= 0) return 23
    const next = level + 1
    let hash = 0
    switch (kind) {
      case 'array': {
        if (!Array.isArray(value)) return 29
        const share = shareOf(budget, value.length)
        hash = mix(3, value.length)
        for (let index = 0; index < value.length; index++) hash = mix(hash, this.of(value[index], next, share))
        return hash
      }
      case 'map': {
        if (!(value instanceof Map)) return 29
        const share = shareOf(budget, value.size)
        for (const [key, one] of value) hash = (hash + mix(this.of(key, next, share), this.of(one, next, share))) | 0
        return mix(5, hash + value.size)
      }
      case 'set': {
        if (!(value instanceof Set)) return 29
        const share = shareOf(budget, value.size)
        for (const member of value) hash = (hash + mix(7, this.of(member, next, share))) | 0
        return mix(7, hash + value.size)
      }
      case 'error':
        return this.#properties(errorParts(value), next, budget)
      case 'object':
        return this.#properties(value, next, budget)
    }
  }

  #properties(value: object, level: number, budget: number): number {
    const entries = Object.entries(value)
    const share = shareOf(budget, entries.length)
    let hash = 0
    for (const [key, one] of entries) hash = (hash + entryHash(key, this.of(one, level, share))) | 0
    return mix(9, hash)
  }
}

/** Of what a container may look at, what each of its parts may; of many parts each at least itself. */
const shareOf = (budget: number, parts: number): number => Math.max(Math.floor((budget - 1) / parts), budget > 1 ? 1 : 0)

function leafHash(value: object): number {
  if (value instanceof Date) return numberHash(value.getTime())
  const bytes = bytesOf(value)
  if (bytes === undefined) return textHash(String(value))
  let hash = bytes.length
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
  return hash
}

function numberHash(value: number): number {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31 && !Object.is(value, -0)) return mix(31, value)
  // There are many NaNs by their bits.
  if (Number.isNaN(value)) return 37
  number[0] = value
  return mix(halves[0] ?? 0, halves[1] ?? 0)
}

function textHash(text: string): number {
  let hash = text.length
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}

function mix(hash: number, more: number): number {
  const sum = Math.imul(hash ^ (more | 0), 0x9e3779b1)
  return (sum ^ (sum >>> 15)) | 0
}
