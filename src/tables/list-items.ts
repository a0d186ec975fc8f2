import type { ColumnValues } from './column-values.ts'
import { quoted, refusedTable } from './refused-table.ts'

/** An array of some more makes V8 end the whole process. */
const mostItems = 100_000_000

/**
 * Refuses lists with more items than can be looked at together.
 *
 * @param size of lists of fixed length, each of which takes room also where there is none
 * @throws WaymarkError `invalid`, with the column
 */
export function checkItems(column: ColumnValues, from: number, to: number, size?: number): void {
  let count = (to - from) * (size ?? 0)
  if (size === undefined) {
    for (let index = from; index < to; index++) {
      const list = column.values[index]
      if (Array.isArray(list)) count += list.length
    }
  }
  if (count <= mostItems) return
  throw refusedTable(
    column.where,
    `the lists of column ${quoted(column.name)} have ${count} items, more than ${mostItems}`,
    'Save the rows in several tables, or give an Arrow table.',
    { column: column.name },
  )
}
