import { types } from 'node:util'

/** A place in a value that JSON has no form for, and what it became. */
export interface JsonLoss {
  /** As errors name it: `metrics.at`, `rows[3]`; empty for the value itself. */
  readonly path: string
  /** `a Date became text` */
  readonly what: string
}

export interface PlainJson {
  /** Nothing in it that `JSON.stringify` would change. */
  readonly json: unknown
  /** The first of them. */
  readonly losses: readonly JsonLoss[]
  readonly lossCount: number
}

const mostLosses = 20

/**
 * A value as plain JSON: a Date as its ISO text, a BigInt as text, a Map as an object (as pairs where its keys are no texts), a Set and numbers of a typed array as a list, bytes as base64, NaN
 * and what is not there as null, and so on, each noted.
 */
export function plainJson(value: unknown): PlainJson {
  const losses: JsonLoss[] = []
  let lossCount = 0
  const lose = (path: string, what: string): void => {
    lossCount++
    if (losses.length < mostLosses) losses.push({ path: path.replace(/^\./, ''), what })
  }
  const json = converted(value, '', new Set(), lose)
  return { json, losses, lossCount }
}

type Lose = (path: string, what: string) => void

function converted(value: unknown, path: string, above: Set<object>, lose: Lose): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return convertedNumber(value, path, lose)
    case 'bigint':
      lose(path, 'a BigInt became text')
      return String(value)
    case 'object':
      if (value === null) return null
      if (above.has(value)) {
        lose(path, 'an object inside itself became null')
        return null
      }
      above.add(value)
      try {
        return convertedObject(value, path, above, lose)
      } finally {
        above.delete(value)
      }
    default:
      lose(path, `${typeof value} became null`)
      return null
  }
}

function convertedNumber(value: number, path: string, lose: Lose): number | null {
  if (Object.is(value, -0)) lose(path, '-0 became 0')
  if (Number.isFinite(value)) return value === 0 ? 0 : value
  lose(path, `${value} became null`)
  return null
}

function convertedObject(value: object, path: string, above: Set<object>, lose: Lose): unknown {
  const part = (one: unknown, at: string): unknown => converted(one, path + at, above, lose)
  if (Array.isArray(value)) return Array.from(value, (element: unknown, index) => part(element, `[${index}]`))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return ownProperties(value, path, part, lose)
  if (value instanceof Date) {
    const time = value.getTime()
    lose(path, Number.isNaN(time) ? 'an invalid Date became null' : 'a Date became text')
    return Number.isNaN(time) ? null : value.toISOString()
  }
  if (value instanceof Map) return convertedMap(value, path, part, lose)
  if (value instanceof Set) {
    lose(path, 'a Set became a list')
    return [...value].map((one, index) => part(one, `[${index}]`))
  }
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return convertedBytes(value, path, lose)
  if (types.isBoxedPrimitive(value)) return part(value.valueOf(), '')
  if (value instanceof RegExp || value instanceof URL) {
    lose(path, `a ${value instanceof URL ? 'URL' : 'RegExp'} became text`)
    return String(value)
  }
  if (types.isNativeError(value)) {
    lose(path, 'an Error became an object')
    const { name, message, stack, cause } = value
    return {
      ...Object.fromEntries(Object.entries(value).map(([key, one]) => [key, part(one, `.${key}`)])),
      ...{ name, message },
      ...(stack === undefined ? {} : { stack }),
      ...(cause === undefined ? {} : { cause: part(cause, '.cause') }),
    }
  }
  lose(path, `an instance of ${value.constructor?.name ?? 'a class'} became an object`)
  return ownProperties(value, path, part, lose)
}

type Part = (value: unknown, at: string) => unknown

/** From entries, so that a key `__proto__` is a key. */
function ownProperties(value: object, path: string, part: Part, lose: Lose): object {
  const entries = Object.entries(value).flatMap(([key, one]: [string, unknown]) => {
    const at = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
    if (one !== undefined) return [[key, part(one, at)] as const]
    lose(path + at, 'undefined was left out')
    return []
  })
  return Object.fromEntries(entries)
}

function convertedMap(value: ReadonlyMap<unknown, unknown>, path: string, part: Part, lose: Lose): unknown {
  const entries = [...value]
  const texts = entries.every(([key]) => typeof key === 'string')
  lose(path, texts ? 'a Map became an object' : 'a Map became a list of pairs')
  if (texts) return Object.fromEntries(entries.map(([key, one]) => [String(key), part(one, `[${JSON.stringify(key)}]`)]))
  return entries.map(([key, one], index) => [part(key, `[${index}][0]`), part(one, `[${index}][1]`)])
}

function convertedBytes(value: ArrayBufferView | ArrayBufferLike, path: string, lose: Lose): unknown {
  const name = value.constructor.name
  const view = ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value)
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) {
    lose(path, `a ${name} became a list of texts`)
    return Array.from(value, String)
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView) && !(value instanceof Uint8Array) && Symbol.iterator in value) {
    lose(path, `a ${name} became a list`)
    return Array.from(value as Iterable<number>, (one, index) => convertedNumber(one, `${path}[${index}]`, lose))
  }
  lose(path, `a ${name} became base64`)
  return view.toString('base64')
}
