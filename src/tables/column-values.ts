import { presentUndefined } from './column-plan.ts'
import { quoted, refusedTable, shownValue } from './refused-table.ts'

/** All values of a column, and where they come from. */
export interface ColumnValues {
  readonly name: string
  readonly values: readonly unknown[]
  /** The row of a value, for messages. */
  readonly rowOf: (index: number) => number
  /** The path of the table. */
  readonly where: string
}

/** A value that cannot be in its column, with the row. */
export function refusedCell(column: ColumnValues, index: number, problem: string, remedy: string): Error {
  const row = column.rowOf(index)
  return refusedTable(
    column.where,
    `${shownValue(plainOf(column.values[index]))}, column ${quoted(column.name)} of row ${row}, ${problem}`,
    remedy,
    { column: column.name, row },
  )
}

const plainOf = (value: unknown): unknown => (value === presentUndefined ? undefined : value)
