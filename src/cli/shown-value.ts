import { inspect } from 'node:util'
import type { ShownValue } from './child-protocol.ts'
import { jsonValue } from './output.ts'
import { withShownTables } from './shown-tables.ts'

/** More than this of a result is not printed; it is in the store. */
const maxJsonLength = 64 * 1024

/**
 * What a pipeline returned, in the forms in which it can be printed; undefined for nothing.
 *
 * @param shown a value or row as it may be shown
 */
export function shownValue(value: unknown, shown: (value: unknown) => unknown = one => one): ShownValue | undefined {
  if (value === undefined) return undefined
  const text = inspect(withShownTables(shown(value), shown), {
    depth: 3,
    maxArrayLength: 5,
    maxStringLength: 200,
    breakLength: 100,
  })
  const json = jsonText(value)
  return {
    text: text.split('\n').slice(0, 12).join('\n'),
    ...(json === undefined || json.length > maxJsonLength ? {} : { json: JSON.stringify(shown(JSON.parse(json))) }),
  }
}

function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, jsonValue)
  } catch {
    return undefined
  }
}
