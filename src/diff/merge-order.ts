import type { DifferenceCounts } from './found-differences.ts'

/** Whether a comparison found nothing. */
export const alike = ({ added, removed, changed, moved }: DifferenceCounts): boolean => added + removed + changed + moved === 0

/** Elements of an array, or places of them, by the key of each. */
export type KeyedElements = ReadonlyMap<unknown, unknown>

/**
 * In which order what was merged stands: as in the one of the two that changed the order, in ours where both did; what only the other has comes behind that which it stands behind there.
 */
export function mergedOrder<Key>(base: readonly Key[], a: readonly Key[], b: readonly Key[]): readonly Key[] {
  if (isEqual(base, a)) return withMissing(b, a)
  if (isEqual(base, b)) return withMissing(a, b)
  return withMissing(a, b)
}

const isEqual = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((key, index) => Object.is(key, b[index]))

function withMissing<Key>(first: readonly Key[], second: readonly Key[]): readonly Key[] {
  const known = new Set(first)
  const behind = new Map<Key | undefined, Key[]>()
  let last: Key | undefined
  let isAtStart = true
  const atStart: Key[] = []
  for (const key of second) {
    if (known.has(key)) {
      last = key
      isAtStart = false
    } else if (isAtStart) atStart.push(key)
    else {
      const list = behind.get(last)
      if (list === undefined) behind.set(last, [key])
      else list.push(key)
    }
  }
  return [...atStart, ...first.flatMap(key => [key, ...(behind.get(key) ?? [])])]
}

const guessedKeys = ['id', 'key', 'name'] as const

/** The key by which the elements of all these arrays are known: every one has it, each its own. */
export function keyNameOf(arrays: readonly (readonly unknown[])[], asked: string | undefined): string | undefined {
  if (arrays.every(array => array.length === 0)) return undefined
  const names = asked === undefined ? guessedKeys : [asked, ...guessedKeys]
  return names.find(name => arrays.every(array => keyedElements(array, name).size === array.length))
}

/** Those that have the key. */
export function keyedElements(array: readonly unknown[], name: string): KeyedElements {
  const elements = new Map<unknown, unknown>()
  for (const element of array) {
    if (typeof element !== 'object' || element === null || Array.isArray(element)) continue
    const key: unknown = element instanceof Map ? element.get(name) : Reflect.get(element, name)
    if (typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint') elements.set(key, element)
  }
  return elements
}
