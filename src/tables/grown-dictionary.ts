import type { ColumnData } from './columnar.ts'

/** Which dictionary each was at first, before values were added behind those it had. */
const firsts = new WeakMap<ColumnData, ColumnData>()

/** `after` is `before` with more values behind. */
export function noteGrown(before: ColumnData, after: ColumnData): void {
  firsts.set(after, firstOf(before))
}

/** The same for a dictionary and for what it has grown to. */
export const firstOf = (dictionary: ColumnData): ColumnData => firsts.get(dictionary) ?? dictionary
