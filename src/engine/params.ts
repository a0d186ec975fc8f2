import { createHash } from 'node:crypto'
import { encodeValue } from '../format/encode-value.ts'
import { checkSchema, type Schema } from '../model/schema.ts'

/**
 * The params as the pipeline's function receives them.
 *
 * @throws WaymarkError `invalid` naming every field that does not match
 */
export async function checkParams(schema: Schema | undefined, given: unknown): Promise<unknown> {
  return schema === undefined ? given : checkSchema(schema, given, 'the parameters')
}

/**
 * SHA-256 in hex over the params with the keys of plain objects sorted, however they were typed: two runs with equal digests are the same work.
 *
 * @throws WaymarkError `invalid` if a param cannot be stored
 */
export function paramsDigest(params: unknown): string {
  return createHash('sha256')
    .update(encodeValue(sortKeys(params)))
    .digest('hex')
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}
