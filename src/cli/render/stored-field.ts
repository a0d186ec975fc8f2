import type { LogField } from './logfmt.ts'

/** Digits that are shown of a number with a fraction; JSON has all of them. */
const mostDigits = 6

/** What was recorded under a name, as a field of a line for people. */
export function storedField(name: string, value: unknown): LogField {
  if (typeof value === 'number') return name.endsWith('Ms') ? shownMs(value) : shownNumber(value)
  if (typeof value === 'string' || typeof value === 'boolean' || value === undefined) return value
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === 'number' ? shownNumber(one) : one))
}

/** What stands before the point is never rounded to zeros. */
function shownNumber(value: number): number {
  if (Number.isInteger(value)) return value
  return Math.abs(value) >= 10 ** (mostDigits - 1) ? Math.round(value) : Number(value.toPrecision(mostDigits))
}

/** Nobody asks for parts of a millisecond, but of a few. */
const shownMs = (ms: number): number => (Math.abs(ms) >= 10 ? Math.round(ms) : Number(ms.toPrecision(2)))
