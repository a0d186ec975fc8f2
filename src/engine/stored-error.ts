import { type ErrorJson, WaymarkError } from '../model/errors.ts'
import type { StoredError } from '../model/records.ts'
import { SecretMask } from '../model/secret-mask.ts'

/** Characters of a stack, a message or a name. */
const maxLength = 8_000
const maxCauses = 5

/** A value as it may be shown. */
export type ShownValue = (value: unknown) => unknown

const byNames = new SecretMask()
const shownByNames: ShownValue = value => byNames.value(value, [])

/**
 * What is kept of an error: text only, bounded. What was thrown, or is a cause, and is no Error is told as JSON.
 *
 * @param shown of what is told as JSON, and of details. Default: without what looks like a secret by its name
 */
export const storeError = (error: unknown, item?: string, shown: ShownValue = shownByNames): StoredError =>
  stored(error, shown, item, 0)

function stored(error: unknown, shown: ShownValue, item: string | undefined, depth: number): StoredError {
  const place = item === undefined ? {} : { item }
  if (!(error instanceof Error)) return { name: 'Error', message: cut(error, shown), ...place }
  return {
    name: cut(error.name, shown),
    message: cut(error.message, shown),
    ...(error.stack === undefined ? {} : { stack: cutStack(error.stack, shown) }),
    ...(error instanceof WaymarkError ? { waymark: shownJson(error.toJSON(), shown) } : {}),
    ...place,
    ...(error.cause === undefined || depth >= maxCauses ? {} : { cause: stored(error.cause, shown, undefined, depth + 1) }),
  }
}

function shownJson({ details, ...json }: ErrorJson, shown: ShownValue): ErrorJson {
  const masked = details && shown(details)
  return isRecord(masked) ? { ...json, details: masked } : json
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

const cutStack = (stack: unknown, shown: ShownValue): string => textOf(stack, shown).slice(0, maxLength)

/** An error says what its thrower wrote: the answer of a server, a whole item. The user may have made it no text at all. */
function cut(text: unknown, shown: ShownValue): string {
  const whole = textOf(text, shown)
  return whole.length <= maxLength ? whole : `${whole.slice(0, maxLength - 1)}…`
}

/** What is no text, in words. It is JSON before anything is hidden in it: what is told is what its own `toJSON` makes of it. */
function textOf(thrown: unknown, shown: ShownValue): string {
  if (typeof thrown === 'string') return String(shown(thrown))
  try {
    const json = JSON.stringify(thrown)
    return json === undefined ? String(thrown) : JSON.stringify(shown(JSON.parse(json)))
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}
