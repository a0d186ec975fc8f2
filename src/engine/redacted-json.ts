import type { TableFacts } from '../model/table-facts.ts'
import type { RedactedRoot, Redaction } from './redaction.ts'

/** Where a document holds what users gave; everything else in it is Waymark's own. */
const roots: Readonly<Record<string, RedactedRoot>> = {
  params: 'params',
  metadata: 'metadata',
  entry: 'metadata',
  payload: 'items',
  value: 'value',
  rows: 'value',
}

const isTableFacts = (value: unknown): value is TableFacts =>
  typeof value === 'object' && value !== null && 'columns' in value && Array.isArray(value.columns) && 'rows' in value

/** A document of JSON as it may be shown. */
export function redactedJson(value: unknown, redaction: Redaction): unknown {
  if (typeof value === 'string') return redaction.hidden.without(value)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (Array.isArray(value)) return value.map(one => redactedJson(one, redaction))
  if (value instanceof Set) return [...value].map(one => redactedJson(one, redaction))
  if ('toJSON' in value) return value
  const entries = value instanceof Map ? [...value].map(([key, one]) => [String(key), one] as const) : Object.entries(value)
  const item = 'key' in value && typeof value.key === 'string' ? value.key : undefined
  return Object.fromEntries(
    entries.map(([key, one]) => {
      const root = Object.hasOwn(roots, key) ? roots[key] : undefined
      let shown: unknown = one
      if (root === 'items') shown = redaction.item(one, item)
      else if (key === 'facts' && isTableFacts(one)) shown = redaction.tableFacts(one)
      else if (root !== undefined) shown = redaction.shown(root, one)
      return [redaction.hidden.without(key), redactedJson(shown, redaction)]
    }),
  )
}
