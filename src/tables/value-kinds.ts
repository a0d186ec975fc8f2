import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import { presentUndefined } from './column-plan.ts'

/** Kinds of values, a bit each. Those of one group can be in one column. */
export const kind = {
  boolean: 1,
  int32: 2,
  integer: 4,
  float: 8,
  bigint: 16,
  text: 32,
  date: 64,
  bytes: 128,
  buffer: 256,
  list: 512,
  object: 1024,
  other: 2048,
} as const

export const anyNumber: number = kind.int32 | kind.integer | kind.float

/** The bit of a value; 0 for null and what is missing. */
export function kindOf(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return kindOfNumber(value)
    case 'string':
      return kind.text
    case 'boolean':
      return kind.boolean
    case 'bigint':
      return kind.bigint
    case 'undefined':
      return 0
    case 'object':
      return value === null ? 0 : kindOfObject(value)
    default:
      return value === presentUndefined ? 0 : kind.other
  }
}

/** Integers are those that a reader gets back as the same number: not -0. */
function kindOfNumber(value: number): number {
  if ((value | 0) === value) return value !== 0 || 1 / value > 0 ? kind.int32 : kind.float
  return Number.isSafeInteger(value) ? kind.integer : kind.float
}

function kindOfObject(value: object): number {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return kind.object
  if (prototype === Array.prototype) return Array.isArray(value) ? kind.list : kind.other
  if (prototype === Date.prototype) return types.isDate(value) ? kind.date : kind.other
  if (prototype === Uint8Array.prototype) return types.isUint8Array(value) ? kind.bytes : kind.other
  return prototype === Buffer.prototype && Buffer.isBuffer(value) ? kind.buffer : kind.other
}

/** The kinds among values. */
export function kindsIn(values: readonly unknown[]): number {
  let kinds = 0
  for (let index = 0; index < values.length; index++) kinds |= kindOf(values[index])
  return kinds
}

/** All bits of the group that a kind belongs to. */
export const groupOf = (one: number): number => ((one & anyNumber) === 0 ? one : anyNumber)

const names: readonly (readonly [number, string])[] = [
  [kind.boolean, 'true or false'],
  [anyNumber, 'a number'],
  [kind.bigint, 'a bigint'],
  [kind.text, 'text'],
  [kind.date, 'a Date'],
  [kind.bytes, 'a Uint8Array'],
  [kind.buffer, 'a Buffer'],
  [kind.list, 'a list'],
  [kind.object, 'an object'],
]

export const kindName = (one: number): string => names.find(([bits]) => (bits & one) !== 0)?.[1] ?? 'something else'
