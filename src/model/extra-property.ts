import { inspect } from 'node:util'

/** An array up to this length is checked by listing its keys (10-25 ns an element); a longer one by `inspect` (0.5 µs). */
const listedLength = 32

/** The last enumerable property, with a text as key, that an array, Map, Date … has besides what it holds by nature. Not for typed arrays: their keys are their elements. */
export function extraProperty(value: object): string | undefined {
  if (!Array.isArray(value)) {
    for (const name in value) if (Object.hasOwn(value, name)) return name
    return undefined
  }
  if (value.length > listedLength && hasOnlyElements(value)) return undefined
  // Names come after indices.
  const last = Object.keys(value).at(-1)
  return last === undefined || Number(last) < value.length ? undefined : last
}

/** `inspect` is the one function that lists the other properties of an array without walking its elements. */
function hasOnlyElements(array: readonly unknown[]): boolean {
  const shown = inspect(array, { maxArrayLength: 0, maxStringLength: 0, depth: 0, customInspect: false, breakLength: Infinity })
  return shown === `[ ... ${array.length} more items ]`
}
