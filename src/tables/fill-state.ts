import type { ColumnPlan } from './column-plan.ts'
import type { ColumnData } from './columnar.ts'
import type { ObjectShapes } from './row-shapes.ts'

/** What lasts from one batch of a column to the next. */
export interface FillState {
  shapes?: ObjectShapes
  dictionary?: FilledDictionary
  /** Whether the next batch adds to the dictionary: its rows come later. */
  grows?: boolean
  readonly children: FillState[]
}

/** The values of a column, each once, in the order of their first appearance. One for all batches; of a column inside of lists or objects, one for each. */
export interface FilledDictionary {
  readonly source: readonly unknown[]
  readonly places: Map<unknown, number>
  readonly values: unknown[]
  readonly data: ColumnData
}

export const newFillState = (plan: ColumnPlan): FillState => ({ children: plan.children.map(newFillState) })
