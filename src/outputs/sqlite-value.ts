import { types } from 'node:util'
import { UnfitValue } from './sql-errors.ts'
import { checkedText, jsonText } from './sql-text.ts'

/** What SQLite stores. */
export type SqliteValue = null | number | bigint | string | Uint8Array

/**
 * A value as SQLite keeps it: booleans as 0 and 1, dates as ISO text in UTC, objects and arrays as JSON. Whole numbers are handed over as integers, since a double in a column of text
 * would become `5.0`.
 *
 * @throws UnfitValue for NaN, which SQLite would store as NULL, a BigInt beyond 64 bits, an invalid Date, and what JSON cannot hold
 */
export function sqliteValue(value: unknown): SqliteValue {
  switch (typeof value) {
    case 'undefined':
      return null
    case 'string':
      return checkedText(value)
    case 'number':
      if (Number.isNaN(value)) throw new UnfitValue('SQLite has no NaN; return null for a missing number')
      return Number.isSafeInteger(value) ? BigInt(value) : value
    case 'boolean':
      return value ? 1n : 0n
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw new UnfitValue(`${value} is beyond 64 bits; return it as text`)
      return value
    case 'object':
      return value === null ? null : objectValue(value)
    default:
      throw new UnfitValue(`a ${typeof value}`)
  }
}

function objectValue(value: object): SqliteValue {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (types.isDate(value)) {
    if (Number.isNaN(value.getTime())) throw new UnfitValue('an invalid Date')
    return value.toISOString()
  }
  return jsonText(value)
}
