import { Buffer } from 'node:buffer'

/**
 * A copy of a row that does not change with it: whoever gives rows one by one may fill the same object again. Values that no column can have stay what they are, to be refused by the column.
 */
export function ownRow(row: object): object {
  const own: Record<string, unknown> = { ...row }
  for (const name in own) {
    const value = own[name]
    if (typeof value === 'object' && value !== null) set(own, name, ownValue(value))
  }
  return own
}

/** Deeper than any column goes: what lies there is refused, and so are cycles. */
const mostLevels = 101

function ownValue(value: object, level = 1): object {
  if (level > mostLevels) return value
  if (Array.isArray(value)) return ownList(value, level)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) {
    const own: Record<string, unknown> = { ...value }
    for (const name in own) {
      const inner = own[name]
      if (typeof inner === 'object' && inner !== null) set(own, name, ownValue(inner, level + 1))
    }
    return own
  }
  if (Object.keys(value).length > 0 && !ArrayBuffer.isView(value)) return value
  if (prototype === Date.prototype && value instanceof Date) return new Date(value.getTime())
  if (prototype === Buffer.prototype && value instanceof Uint8Array) return Buffer.from(value)
  return prototype === Uint8Array.prototype && value instanceof Uint8Array ? new Uint8Array(value) : value
}

/** With what it has besides its elements (holes, properties), to be refused as the list itself would be. */
function ownList(list: readonly unknown[], level: number): object {
  const own = list.slice()
  if (Object.keys(list).length !== list.length) return list
  for (let at = 0; at < own.length; at++) {
    const item = own[at]
    if (typeof item === 'object' && item !== null) own[at] = ownValue(item, level + 1)
  }
  return own
}

/** Also where the name is `__proto__`. */
function set(object: Record<string, unknown>, name: string, value: object): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true })
  else object[name] = value
}
