/** No longer pause is made, whatever is asked for: 24 hours. */
const mostMs = 24 * 3_600_000

/**
 * The pause that the answer of an HTTP server asks for, in milliseconds: `Retry-After` (RFC 9110, 10.2.3: seconds or a date) of the error's `headers` or `response.headers`, as fetch, undici, axios
 * and octokit attach them, or of its cause. Undefined if there is none.
 */
export function retryAfterMs(error: unknown, nowMs: number, depth = 0): number | undefined {
  if (typeof error !== 'object' || error === null || depth > 3) return undefined
  const text = headerOf(error) ?? ('response' in error ? headerOf(error.response) : undefined)
  if (text !== undefined) {
    const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs
    if (!Number.isNaN(ms)) return Math.min(mostMs, Math.max(0, ms))
  }
  return 'cause' in error ? retryAfterMs(error.cause, nowMs, depth + 1) : undefined
}

function headerOf(holder: unknown): string | undefined {
  if (typeof holder !== 'object' || holder === null || !('headers' in holder)) return undefined
  const { headers } = holder
  if (typeof headers !== 'object' || headers === null) return undefined
  if ('get' in headers && typeof headers.get === 'function') return asText(headers.get('retry-after'))
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'retry-after') return asText(Array.isArray(value) ? value[0] : value)
  }
  return undefined
}

const asText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : undefined
