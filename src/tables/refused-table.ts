import { inspect } from 'node:util'
import { WaymarkError } from '../model/errors.ts'

/**
 * A table that cannot be kept as it is.
 * @param where the path of the table inside the whole value; '' is the value itself
 */
export function refusedTable(
  where: string,
  problem: string,
  remedy: string,
  details: Readonly<Record<string, unknown>> = {},
): WaymarkError {
  return new WaymarkError('invalid', {
    message: `Cannot store the table${where === '' ? '' : ` at ${where}`}: ${problem}.`,
    means: 'Nothing was saved; what was saved before is untouched.',
    remedy,
    details: { path: where, ...details },
  })
}

/** A type of column that rows cannot have, though an Arrow table could. */
export function unsupportedInRows(where: string, column: string, type: string): WaymarkError {
  return new WaymarkError('unsupported', {
    message: `Cannot store the table${where === '' ? '' : ` at ${where}`}: rows cannot have a column of type ${type}, as ${quoted(column)} is to be.`,
    means: 'Nothing was saved; what was saved before is untouched.',
    remedy: 'Give an Arrow table with this column, or another type in the schema.',
    details: { path: where, column, type },
  })
}

/** A value as an error shows it. */
export function shownValue(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 4, maxStringLength: 40 })
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

export const quoted = (name: string): string => JSON.stringify(name.length > 60 ? `${name.slice(0, 59)}…` : name)
