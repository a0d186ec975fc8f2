import { types } from 'node:util'
import { WaymarkError } from '../model/errors.ts'

/**
 * The value as one line of JSON, without the newline.
 *
 * What JSON would change silently is refused: NaN becomes null, a Map {}, a function nothing. An `undefined` property is left out,
 * as `JSON.stringify` does, because reading it back gives `undefined` again. Objects with `toJSON` (Date, URL, decimals) are what it
 * returns; other class instances are their own properties.
 *
 * @throws WaymarkError `invalid` with the place inside the value
 */
export function jsonLine(value: unknown): string {
  let loss: Loss | undefined
  let text: string | undefined
  let cause: unknown
  try {
    loss = lossIn(value)
    if (loss === undefined) text = JSON.stringify(value)
  } catch (error) {
    // Too deep, a cycle, or the user's own getter or toJSON; JSON.stringify describes a cycle best.
    cause = error instanceof RangeError ? describe(value, error) : error
  }
  if (text !== undefined) return text
  const where = loss === undefined || loss.path === '' ? '' : ` at ${loss.path.replace(/^\./, '')}`
  throw new WaymarkError('invalid', {
    message: `JSON cannot hold this item${where}: ${loss?.what ?? (cause instanceof Error ? cause.message : String(cause))}`,
    means: 'Nothing of the item was written.',
    remedy: 'Return plain data: text for a BigInt, an array for a Map or Set, null for a missing number.',
    cause,
  })
}

/** What JSON cannot hold, and where: `.a[2]`. */
interface Loss {
  readonly what: string
  readonly path: string
}

/** Undefined if JSON holds the value. The path is put together only on the way out of a failure: this runs for every item. */
function lossIn(value: unknown): Loss | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : { what: `${value} is not a number in JSON`, path: '' }
    case 'object':
      return value === null ? undefined : lossInObject(value)
    case 'undefined':
      return { what: 'undefined', path: '' }
    case 'bigint':
      return { what: 'a BigInt', path: '' }
    default:
      return { what: `a ${typeof value}`, path: '' }
  }
}

function lossInObject(value: object): Loss | undefined {
  const what = emptied(value)
  if (what !== undefined) return { what, path: '' }
  if (!('toJSON' in value) || typeof value.toJSON !== 'function') return lossInParts(value)
  const json: unknown = value.toJSON('')
  if (json === null && value instanceof Date) return { what: 'an invalid Date', path: '' }
  if (typeof json !== 'object' || json === null) return lossIn(json)
  // JSON.stringify does not ask the result for toJSON again.
  const inside = emptied(json)
  return inside === undefined ? lossInParts(json) : { what: inside, path: '' }
}

function lossInParts(value: object): Loss | undefined {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const loss = lossIn(value[i])
      if (loss !== undefined) return { what: loss.what, path: `[${i}]${loss.path}` }
    }
    return undefined
  }
  for (const [key, part] of Object.entries(value)) {
    if (part === undefined) continue
    const loss = lossIn(part)
    if (loss !== undefined) return { what: loss.what, path: `.${key}${loss.path}` }
  }
  return undefined
}

/** Names an object that JSON writes as {} or as an object of indexes. */
function emptied(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === Array.prototype) return undefined
  if (types.isMap(value) || types.isWeakMap(value)) return 'a Map'
  if (types.isSet(value) || types.isWeakSet(value)) return 'a Set'
  if (types.isPromise(value)) return 'a Promise (is an await missing?)'
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return 'binary data'
  if (types.isRegExp(value)) return 'a RegExp'
  if (types.isNativeError(value)) return 'an Error'
  if (types.isSymbolObject(value) || types.isBigIntObject(value)) return 'a Symbol or BigInt object'
  if (types.isGeneratorObject(value) || Symbol.asyncIterator in value) return 'an iterator'
  return undefined
}

function describe(value: unknown, overflow: RangeError): unknown {
  try {
    JSON.stringify(value)
    return overflow
  } catch (error) {
    return error
  }
}
