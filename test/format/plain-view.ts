import { types } from 'node:util'
import { goldenCodecs } from './golden-values.ts'

/** What `read_value.py` should make of the bytes of a value: JSON that says all that plain JSON cannot. */
export function plainView(value: unknown): unknown {
  switch (typeof value) {
    case 'undefined':
      return { $undefined: true }
    case 'bigint':
      return { $bigint: String(value) }
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) }
    case 'object':
      return value === null ? null : viewOfObject(value)
    default:
      return value
  }
}

function viewOfObject(value: object): unknown {
  if (Array.isArray(value)) {
    return Array.from(value, (element, index) => (index in value ? plainView(element) : { $absent: true }))
  }
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.getTime() }
  if (value instanceof Map) return { $map: Array.from(value, pair => pair.map(plainView)) }
  if (value instanceof Set) return { $set: Array.from(value, plainView) }
  if (value instanceof RegExp) return { $regexp: [value.source, value.flags] }
  if (value instanceof URL) return { $url: value.href }
  if (value instanceof ArrayBuffer) return { $arrayBuffer: hex(new Uint8Array(value)) }
  if (value instanceof DataView) return { $dataView: hex(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) }
  if (Buffer.isBuffer(value)) return { $buffer: hex(value) }
  if (types.isUint8Array(value)) return { $bytes: hex(value) }
  if (types.isTypedArray(value)) {
    const elements = Array.from<unknown>(value).map(element =>
      typeof element === 'bigint' ? String(element) : plainView(element),
    )
    return { $typed: [value.constructor.name, elements] }
  }
  if (value instanceof Error) return viewOfError(value)
  const codec = goldenCodecs.find(each => each.prototype === Object.getPrototypeOf(value))
  if (codec !== undefined) return { $class: [codec.tag, plainView(codec.encode(value))] }
  return { [Object.getPrototypeOf(value) === null ? '$nullPrototype' : '$object']: pairs(value) }
}

function viewOfError(error: Error): unknown {
  const hidden = ['message', 'stack', 'cause', 'errors'].filter(name => Object.hasOwn(error, name))
  const fields = hidden.map((name): [string, unknown] => [name, plainView(Reflect.get(error, name))])
  const own = pairs(error)
  return { $error: [['class', error.constructor.name], ...fields, ...(own.length > 0 ? [['properties', { $object: own }]] : [])] }
}

function pairs(value: object): [string, unknown][] {
  return Object.entries(value).map(([key, item]) => [key, plainView(item)])
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
