import { types } from 'node:util'

/** What a value is to a comparison: one of the containers, which are compared by what they hold, or a `leaf`. */
export type ValueKind = 'object' | 'array' | 'map' | 'set' | 'error' | 'leaf'

export function kindOf(value: unknown): ValueKind {
  if (typeof value !== 'object' || value === null) return 'leaf'
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return 'object'
  if (Array.isArray(value)) return 'array'
  if (types.isMap(value)) return 'map'
  if (types.isSet(value)) return 'set'
  if (types.isNativeError(value)) return 'error'
  return isLeafObject(value) ? 'leaf' : 'object'
}

const isLeafObject = (value: object): boolean =>
  types.isDate(value) ||
  types.isRegExp(value) ||
  ArrayBuffer.isView(value) ||
  types.isAnyArrayBuffer(value) ||
  types.isBoxedPrimitive(value) ||
  value instanceof URL ||
  value instanceof URLSearchParams

/** Whether two values, at least one of them a leaf, are the same: NaN is NaN, -0 is not 0, objects are the same by what they hold. */
export function isSameLeaf(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime())
  if (a instanceof RegExp && b instanceof RegExp) {
    return a.source === b.source && a.flags === b.flags && a.lastIndex === b.lastIndex
  }
  if (types.isBoxedPrimitive(a) && types.isBoxedPrimitive(b)) return Object.is(a.valueOf(), b.valueOf())
  if (a instanceof URL || a instanceof URLSearchParams) return String(a) === String(b)
  const [left, right] = [bytesOf(a), bytesOf(b)]
  return left !== undefined && right !== undefined && Buffer.compare(left, right) === 0
}

/** The bytes of a buffer or of a view of one, not copied; undefined for anything else. */
export function bytesOf(value: object): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return types.isAnyArrayBuffer(value) ? new Uint8Array(value) : undefined
}

const shownOfErrors = ['name', 'message', 'stack', 'cause', 'errors'] as const

/** What an Error holds, its own properties included. */
export function errorParts(error: object): Record<string, unknown> {
  const parts: [string, unknown][] = []
  for (const name of shownOfErrors) {
    if (name === 'name' || Object.hasOwn(error, name)) parts.push([name, Reflect.get(error, name)])
  }
  return Object.fromEntries([...parts, ...Object.entries(error)])
}
