import { markTable, tableMarkOf } from '../tables/table-mark.ts'

/** Marks what was made of an array as a table where the array was one. */
export function keepTableMark(from: readonly unknown[], made: readonly unknown[]): readonly unknown[] {
  const mark = tableMarkOf(from)
  if (mark !== undefined) markTable(made, mark)
  return made
}
