import { compareValues } from './compare-values.ts'
import type { DiffOptions } from './diff-options.ts'
import type { Difference } from './difference.ts'

/**
 * In what two values differ, in the order of the second; nothing where they are equal. Objects and Maps are compared by key (their order does not count), Sets by member, arrays by the key of their elements or by
 * the longest part they have in common, everything else by value: a Date by its time, NaN equals NaN, -0 is not 0, a typed array by its bytes.
 * Cycles and shared objects are followed once.
 *
 * @throws WaymarkError `invalid` for a path in `ignore` that cannot be understood, `limit` for values nested more than 10,000 deep
 *
 * @example
 * diffValues({ total: 1, draft: true }, { total: 2 })
 * // [{ kind: 'changed', path: 'total', before: 1, after: 2, … }, { kind: 'removed', path: 'draft', before: true, … }]
 */
export function diffValues(a: unknown, b: unknown, options: DiffOptions = {}): Difference[] {
  return compareValues(a, b, options).differences
}
