import type { Cell } from '../tables/arrow-cell.ts'
import { listOf, unionOf } from '../tables/cell-parts.ts'
import type { ColumnType } from '../tables/columnar.ts'
import { cellText } from './cell-text.ts'

/** A value as `JSON.stringify` can hold it without loss: numbers where they are exact, else their text. */
export function cellValue(type: ColumnType, cell: Cell, column: string): unknown {
  if (cell === null || typeof cell === 'boolean' || typeof cell === 'string') return cell
  switch (type.kind) {
    case 'int':
      return typeof cell === 'bigint' && BigInt(Number(cell)) === cell && Number.isSafeInteger(Number(cell))
        ? Number(cell)
        : typeof cell === 'number'
          ? cell
          : String(cell)
    case 'float':
      return Number.isFinite(cell) && !Object.is(cell, -0) ? cell : cellText(type, cell, column)
    case 'list':
    case 'fixed-list':
      return listOf(cell).map(item => cellValue(type.item.type, item, column))
    case 'map':
      return listOf(cell).map(entry => cellValue(type.entries.type, entry, column))
    case 'struct': {
      const cells = listOf(cell)
      return Object.fromEntries(type.fields.map((field, at) => [field.name, cellValue(field.type, cells[at] ?? null, column)]))
    }
    case 'union': {
      const { field, value } = unionOf(cell)
      return cellValue(type.fields[field]?.type ?? { kind: 'null' }, value, column)
    }
    case 'dictionary':
      return cellValue(type.values, cell, column)
    default:
      return cellText(type, cell, column)
  }
}
