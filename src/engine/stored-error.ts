import { WaymarkError } from '../model/errors.ts'
import type { StoredError } from '../model/records.ts'

const maxStackLength = 8_000
const maxCauses = 5

/** What is kept of an error: text only, bounded. */
export function storeError(error: unknown, item?: string, depth = 0): StoredError {
  const place = item === undefined ? {} : { item }
  if (!(error instanceof Error)) return { name: 'Error', message: describeThrown(error), ...place }
  return {
    name: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack.slice(0, maxStackLength) }),
    ...(error instanceof WaymarkError ? { waymark: error.toJSON() } : {}),
    ...place,
    ...(error.cause === undefined || depth >= maxCauses ? {} : { cause: storeError(error.cause, undefined, depth + 1) }),
  }
}

/** A thrown value that is no Error, in words. */
function describeThrown(thrown: unknown): string {
  try {
    return typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown))
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}
