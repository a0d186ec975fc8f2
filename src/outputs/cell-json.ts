import { WaymarkError } from '../model/errors.ts'
import type { Cell } from '../tables/arrow-cell.ts'
import { listOf, unionOf } from '../tables/cell-parts.ts'
import type { ColumnType } from '../tables/columnar.ts'
import { cellText } from './cell-text.ts'

/**
 * A value as JSON text that loses nothing of it: whole numbers by all their digits, decimals, dates, times and bytes as texts, structs as objects, maps as lists of key and value.
 *
 * @throws WaymarkError `invalid` for NaN and the infinities, which JSON has not, naming the column
 */
export function cellJson(type: ColumnType, cell: Cell, column: string): string {
  if (cell === null) return 'null'
  switch (type.kind) {
    case 'bool':
    case 'int':
      return String(cell)
    case 'float':
      if (typeof cell === 'number' && !Number.isFinite(cell)) throw notInJson(column, cell)
      return Object.is(cell, -0) ? '-0.0' : String(cell)
    case 'list':
    case 'fixed-list':
      return `[${listOf(cell)
        .map(item => cellJson(type.item.type, item, column))
        .join(',')}]`
    case 'struct': {
      const cells = listOf(cell)
      const fields = type.fields.map(
        ({ name, type: inner }, at) => `${JSON.stringify(name)}:${cellJson(inner, cells[at] ?? null, column)}`,
      )
      return `{${fields.join(',')}}`
    }
    case 'map':
      return `[${listOf(cell)
        .map(entry => cellJson(type.entries.type, entry, column))
        .join(',')}]`
    case 'union': {
      const { field, value } = unionOf(cell)
      return cellJson(type.fields[field]?.type ?? { kind: 'null' }, value, column)
    }
    case 'dictionary':
      return cellJson(type.values, cell, column)
    default:
      return JSON.stringify(cellText(type, cell, column))
  }
}

const notInJson = (column: string, cell: number): WaymarkError =>
  new WaymarkError('invalid', {
    message: `the column ${column} holds ${cell}, which JSON has no form for`,
    means: 'No file was written; the store was not changed.',
    remedy: 'Export it as parquet, arrow or csv.',
    details: { column },
  })
