import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { InputRecord } from '../model/records.ts'
import { paramsDigest } from './params.ts'

const shownLength = 100

/**
 * How items are known again by what the caller says tells whether they are the same: an ETag, a date, the version of a table. Any value that can be stored; the order of the keys of plain
 * objects does not count.
 *
 * @throws WaymarkError `invalid` if the value cannot be stored
 */
export function valueRecord(value: unknown, path: string): InputRecord {
  const shown = shownText(value)
  return { kind: 'value', digest: digestOf(value, path), ...(shown === undefined ? {} : { value: shown }) }
}

function digestOf(value: unknown, path: string): string {
  try {
    return `sha256:${paramsDigest(value)}`
  } catch (error) {
    if (!isWaymarkError(error)) throw error
    throw new WaymarkError('invalid', {
      message: `the input given for ${JSON.stringify(path)} cannot be stored: ${error.message}`,
      means: 'Nothing of this stage was run.',
      remedy: 'Give a text, a number, or an object of these: input: response.headers.etag.',
      cause: error,
      details: { stage: path },
    })
  }
}

function shownText(value: unknown): string | undefined {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
  const isShort =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
  return isShort ? String(value).slice(0, shownLength) : undefined
}
