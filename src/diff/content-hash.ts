import { bytesOf, errorParts, kindOf } from './value-kind.ts'

/** So many values of one are looked at, and no deeper than this: what differs only beyond has the same hash. */
const mostNodes = 500
const mostLevels = 24
/** Of a long text or many bytes, so many at each end. */
const endLength = 48

const number = new Float64Array(1)
const halves = new Uint32Array(number.buffer)

/**
 * A hash over what a value holds, in 32 bits; the order of keys and members does not count. Good for finding what probably is the same: equal values have the same hash, and whoever needs to know compares.
 */
export function contentHash(value: unknown): number {
  return new Hasher().of(value, 0)
}

class Hasher {
  #left = mostNodes

  of(value: unknown, level: number): number {
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
        return value === null ? 17 : this.#object(value, level)
      default:
        return 19
    }
  }

  #object(value: object, level: number): number {
    if (level > mostLevels || this.#left-- <= 0) return 23
    const next = level + 1
    let hash = 0
    switch (kindOf(value)) {
      case 'array':
        if (!Array.isArray(value)) return 29
        hash = mix(3, value.length)
        for (let index = 0; index < value.length && this.#left > 0; index++) hash = mix(hash, this.of(value[index], next))
        return hash
      case 'map':
        if (!(value instanceof Map)) return 29
        for (const [key, one] of value) hash += mix(this.of(key, next), this.of(one, next))
        return mix(5, hash + value.size)
      case 'set':
        if (!(value instanceof Set)) return 29
        for (const member of value) hash += mix(7, this.of(member, next))
        return mix(7, hash + value.size)
      case 'error':
        return this.#properties(errorParts(value), next)
      case 'leaf':
        return leafHash(value)
      case 'object':
        return this.#properties(value, next)
    }
  }

  #properties(value: object, level: number): number {
    let hash = 0
    for (const [key, one] of Object.entries(value)) hash += mix(textHash(key), this.of(one, level))
    return mix(9, hash)
  }
}

function leafHash(value: object): number {
  if (value instanceof Date) return numberHash(value.getTime())
  const bytes = bytesOf(value)
  if (bytes === undefined) return textHash(String(value))
  let hash = bytes.length
  for (let at = 0; at < Math.min(bytes.length, endLength); at++) {
    hash = mix(mix(hash, bytes[at] ?? 0), bytes[bytes.length - 1 - at] ?? 0)
  }
  return hash
}

function numberHash(value: number): number {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31 && !Object.is(value, -0)) return mix(31, value)
  number[0] = value
  return mix(halves[0] ?? 0, halves[1] ?? 0)
}

function textHash(text: string): number {
  let hash = text.length
  const first = Math.min(text.length, endLength)
  for (let at = 0; at < first; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  for (let at = Math.max(first, text.length - endLength); at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash
}

function mix(hash: number, more: number): number {
  const sum = Math.imul(hash ^ (more | 0), 0x9e3779b1)
  return (sum ^ (sum >>> 15)) | 0
}
