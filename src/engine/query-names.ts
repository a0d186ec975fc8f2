import { WaymarkError } from '../model/errors.ts'
import type { ColumnField, ColumnType } from '../tables/columnar.ts'

/**
 * DuckDB has no empty names, and takes `A` and `a` for the same.
 *
 * @throws WaymarkError `unsupported` naming the column
 */
export function checkQueryNames(fields: readonly ColumnField[], inside = ''): void {
  const where = inside === '' ? 'the table' : `the column ${inside}`
  const seen = new Map<string, string>()
  for (const { name, type } of fields) {
    if (name === '') throw refusedName(`${where} has a column without a name, which DuckDB has not`, inside)
    if (name.includes('\0')) throw refusedName(`${where} has a column with a NUL in its name, which DuckDB has not`, inside)
    const folded = name.replace(/[A-Z]/g, letter => letter.toLowerCase())
    const other = seen.get(folded)
    if (other !== undefined)
      throw refusedName(`${where} has the columns ${other} and ${name}, which are the same name for DuckDB`, name)
    seen.set(folded, name)
    checkTypeNames(type, inside === '' ? name : `${inside}.${name}`)
  }
}

function checkTypeNames(type: ColumnType, path: string): void {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return checkQueryNames(type.fields, path)
    case 'list':
    case 'fixed-list':
      return checkTypeNames(type.item.type, path)
    case 'dictionary':
      return checkTypeNames(type.values, path)
    case 'map': {
      const { type: entry } = type.entries
      if (entry.kind === 'struct') for (const part of entry.fields) checkTypeNames(part.type, path)
      return
    }
    default:
  }
}

const refusedName = (message: string, column: string): WaymarkError =>
  new WaymarkError('unsupported', {
    message,
    means: 'Nothing was asked; the store was not changed.',
    remedy: 'Save the table under names that differ in more than capital letters, or ask of another one.',
    details: { column },
  })
