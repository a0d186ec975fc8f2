import type { AbsentValues } from './absent-values.ts'
import type { ColumnValues } from './column-values.ts'

/** The values of a column from which a batch of it is written, and where those that are not there are noted, by their place in the batch. */
export interface BatchValues {
  readonly column: ColumnValues
  /** The first of them. */
  readonly from: number
  /** Behind the last. */
  readonly to: number
  readonly absent: AbsentValues
}
