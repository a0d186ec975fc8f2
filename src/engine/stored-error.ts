import { WaymarkError } from '../model/errors.ts'
import type { StoredError } from '../model/records.ts'

/** Characters of a stack, a message or a name. */
const maxLength = 8_000
const maxCauses = 5

/** What is kept of an error: text only, bounded. */
export function storeError(error: unknown, item?: string, depth = 0): StoredError {
  const place = item === undefined ? {} : { item }
  if (!(error instanceof Error)) return { name: 'Error', message: cut(describeThrown(error)), ...place }
  return {
    name: cut(error.name),
    message: cut(error.message),
    ...(error.stack === undefined ? {} : { stack: String(error.stack).slice(0, maxLength) }),
    ...(error instanceof WaymarkError ? { waymark: error.toJSON() } : {}),
    ...place,
    ...(error.cause === undefined || depth >= maxCauses ? {} : { cause: storeError(error.cause, undefined, depth + 1) }),
  }
}

/** An error says what its thrower wrote: the answer of a server, a whole item. The user may have made it no text at all. */
function cut(text: unknown): string {
  const whole = typeof text === 'string' ? text : describeThrown(text)
  return whole.length <= maxLength ? whole : `${whole.slice(0, maxLength - 1)}…`
}

/** A thrown value that is no Error, in words. */
function describeThrown(thrown: unknown): string {
  try {
    return typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown))
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}
