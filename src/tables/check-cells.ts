import { extraProperty } from '../model/extra-property.ts'
import { type ColumnValues, refusedCell } from './column-values.ts'
import { quoted } from './refused-table.ts'

/** So many values are searched for what would be lost, then one in {@link checkedEvery}: as in any other value. */
export const alwaysChecked = 32
export const checkedEvery = 31

/**
 * Refuses lists and Dates with properties of their own, which no column holds. Not every one is looked at.
 *
 * @throws WaymarkError `invalid`, with column and row
 */
export function checkCells(column: ColumnValues, from: number, to: number): void {
  for (let index = from; index < to; index += index - from < alwaysChecked ? 1 : checkedEvery) {
    const value = column.values[index]
    if (typeof value !== 'object' || value === null) continue
    const name = extraProperty(value)
    if (name !== undefined) throw refusedCell(column, index, `has the property ${quoted(name)}, which would be lost`, remedy)
    for (const symbol of Object.getOwnPropertySymbols(value))
      if (Object.prototype.propertyIsEnumerable.call(value, symbol))
        throw refusedCell(column, index, `has the key ${String(symbol)}, which would be lost`, remedy)
  }
}

const remedy = 'Keep it in a column of its own, or store a copy without it ([...list], new Date(date)).'
