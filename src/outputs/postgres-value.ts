import { types } from 'node:util'
import { UnfitValue } from './sql-errors.ts'
import { checkedText, jsonText } from './sql-text.ts'

/** What is sent: text, which the server reads as the column's type, or bytes. */
export type PostgresValue = null | string | Buffer

/**
 * A value as a column of this type takes it. Dates are sent in UTC, so that a `timestamp` does not depend on where the process runs; a column of JSON gets the value as JSON, whatever it is; an
 * array goes into a column of arrays element by element, and else as JSON, like objects.
 *
 * @param type as `pg_type` calls it; that of an array begins with `_`
 * @throws UnfitValue
 */
export function postgresValue(value: unknown, type: string): PostgresValue {
  if (value === null || value === undefined) return null
  if (type === 'json' || type === 'jsonb') return jsonText(value)
  if (type.startsWith('_') && Array.isArray(value)) return arrayText(value, type.slice(1))
  switch (typeof value) {
    case 'string':
      return checkedText(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'object':
      return objectValue(value, type)
    default:
      throw new UnfitValue(`a ${typeof value}`)
  }
}

function objectValue(value: object, type: string): PostgresValue {
  if (value instanceof Uint8Array) {
    if (type !== 'bytea') throw new UnfitValue(`bytes, and the column is ${type}`)
    return Buffer.from(value)
  }
  return types.isDate(value) ? dateText(value) : jsonText(value)
}

function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new UnfitValue('an invalid Date')
  const year = date.getUTCFullYear()
  if (year < 1 || year > 9999) throw new UnfitValue(`a Date of the year ${year}; return it as text, as PostgreSQL writes it`)
  return date.toISOString()
}

/** https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO: every element in quotes, so that none is taken for another thing. */
function arrayText(values: readonly unknown[], type: string): string {
  const parts = values.map(value => {
    if (Array.isArray(value) && type !== 'json' && type !== 'jsonb') return arrayText(value, type)
    const element = postgresValue(value, type)
    if (element === null) return 'NULL'
    const text = typeof element === 'string' ? element : `\\x${element.toString('hex')}`
    return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
  })
  return `{${parts.join(',')}}`
}
