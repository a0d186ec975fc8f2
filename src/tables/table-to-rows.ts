import { objectsOf } from './row-objects.ts'
import { valuesOf } from './row-values.ts'
import type { RowsTable } from './table-from-rows.ts'

/** The rows that were given: with the same keys in the same order, and null, undefined and missing told apart. */
export function tableToRows({ table, plans, shapes, sides }: RowsTable): Record<string, unknown>[] {
  const names = plans.map(plan => plan.name)
  const rows: Record<string, unknown>[] = []
  for (const [index, batch] of table.batches.entries()) {
    const side = sides[index]
    const columns = plans.map((plan, at) => {
      const data = batch.columns[at]
      return data === undefined ? [] : valuesOf(plan, data, side?.columns?.[at])
    })
    for (const row of objectsOf(names, shapes, columns, batch.rowCount, side?.shapeIds)) rows.push(row)
  }
  return rows
}
