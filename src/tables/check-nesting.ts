import { type ColumnValues, refusedCell } from './column-values.ts'

/** What is stored of a column takes several levels for each of its own, and a load reads 1,000. */
export const mostLevels = 100

/**
 * Whether the lists and objects of a column end: to find it level by level would take for ever where a list holds itself twice.
 *
 * @param level how deep in the rows the column lies
 * @throws WaymarkError `invalid`, with column and row
 */
export function checkNesting(column: ColumnValues, level: number): void {
  const above = new Set<object>()
  const finished = new Set<object>()
  const walk = (value: unknown, index: number): void => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || finished.has(value)) return
    if (above.has(value)) throw refusedCell(column, index, 'is within itself', treeRemedy)
    if (above.size + level > mostLevels) throw tooDeep(column, index)
    above.add(value)
    for (const inner of Array.isArray(value) ? value : Object.values(value)) walk(inner, index)
    above.delete(value)
    finished.add(value)
  }
  for (let index = 0; index < column.values.length; index++) walk(column.values[index], index)
}

export const tooDeep = (column: ColumnValues, index: number): Error =>
  refusedCell(column, index, `nests deeper than ${mostLevels} levels`, treeRemedy)

const treeRemedy =
  'Keep what refers to others as rows of its own, which name each other by id; or save the value without table().'
