import type { ColumnPlan } from './column-plan.ts'
import type { FillState } from './fill-state.ts'
import { quoted, refusedTable } from './refused-table.ts'

/**
 * How the values of a column are, by those of its rows so far and of those that follow: both plans are for the same type.
 *
 * @param firstRow of the rows that follow, for the message
 * @throws WaymarkError `invalid` where they are of several kinds (numbers and bigints), with the column and the row
 */
export function mergedPlan(before: ColumnPlan, after: ColumnPlan, firstRow: number, where: string): ColumnPlan {
  const children = before.children.map((child, at) => {
    const next = after.children[at]
    return next === undefined ? child : mergedPlan(child, next, firstRow, where)
  })
  if (before.form === after.form || after.form === 'none') return { ...before, children }
  if (before.form === 'none') return { ...after, children }
  throw refusedTable(
    where,
    `column ${quoted(before.name)} holds values of several kinds: ${before.form}s up to row ${firstRow - 1}, and from row ${firstRow} on ${after.form}s`,
    'Make them of one kind.',
    { column: before.name, row: firstRow },
  )
}

/** With the orders of keys that objects were found to have. */
export function withShapes(plan: ColumnPlan, state: FillState | undefined): ColumnPlan {
  const children = plan.children.map((child, at) => withShapes(child, state?.children[at]))
  const shapes = state?.shapes?.shapes ?? plan.shapes
  return { ...plan, ...(shapes === undefined ? {} : { shapes }), children }
}
