import { isWaymarkError } from '../model/errors.ts'
import { jsonLine } from './json-line.ts'
import { UnfitValue } from './sql-errors.ts'

/**
 * Text that both databases keep as it is.
 *
 * @throws UnfitValue
 */
export function checkedText(text: string): string {
  if (text.includes('\0')) throw new UnfitValue('text with a NUL character')
  if (!text.isWellFormed()) throw new UnfitValue('text with half a surrogate pair, which UTF-8 cannot hold')
  return text
}

/**
 * An object, an array or anything else that JSON holds without loss, as JSON.
 *
 * @throws UnfitValue
 */
export function jsonText(value: unknown): string {
  try {
    return checkedText(jsonLine(value))
  } catch (error) {
    if (!isWaymarkError(error)) throw error
    throw new UnfitValue(error.message, { cause: error.cause })
  }
}
