import { WaymarkError } from '../model/errors.ts'
import type { ColumnType } from './columnar.ts'
import { DamagedTable } from './damaged-table.ts'
import { parseType } from './parse-type.ts'
import { readType } from './read-stored-type.ts'
import { quoted } from './refused-table.ts'

/** A null in a list of fixed length takes as much room as a list. */
const mostFixedItems = 1_000_000

/**
 * The type of a column that a schema says, by name or as data. Data are checked by the rules of a load, and copied: what becomes of the object that was given does not change the table.
 *
 * @throws WaymarkError `invalid` for what is no type
 */
export function readSchemaType(given: unknown, column: string): ColumnType {
  try {
    const type = typeof given === 'string' ? parseType(given) : readType(given)
    checkType(type)
    return type
  } catch (error) {
    if (error instanceof DamagedTable) throw noType(column, error.message)
    if (error instanceof RangeError) throw noType(column, 'a type that nests too deep, or is within itself')
    throw error
  }
}

/** What a load takes from Arrow, or what it never sees, and rows cannot have. */
function checkType(type: ColumnType): void {
  switch (type.kind) {
    case 'timestamp':
      if (type.timezone?.isWellFormed() === false) throw new DamagedTable('a time zone that is no valid text')
      if (type.timezone !== undefined && !isTimeZone(type.timezone))
        throw new DamagedTable(`a time zone that there is not: ${quoted(type.timezone)}`)
      return
    case 'decimal':
      if (type.precision < 1) throw new DamagedTable('a decimal without digits')
      if (type.scale > type.precision)
        throw new DamagedTable(`a decimal of ${type.precision} digits of which ${type.scale} are to be behind the point`)
      return
    case 'list':
      return checkType(type.item.type)
    case 'fixed-list':
      if (type.size > mostFixedItems) throw new DamagedTable(`a list of fixed length of more than ${mostFixedItems} items`)
      return checkType(type.item.type)
    case 'struct': {
      const names = type.fields.map(({ name }) => name)
      if (new Set(names).size < names.length) throw new DamagedTable('an object with two keys of one name')
      if (!names.every(name => name.isWellFormed())) throw new DamagedTable('a key that is no valid text')
      for (const field of type.fields) checkType(field.type)
      return
    }
    case 'dictionary':
      return checkType(type.values)
    default:
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}

const noType = (column: string, problem: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `the schema gives column ${quoted(column)} a type that cannot be: ${problem}`,
    means: 'Nothing was saved.',
    remedy: "Name the type ('decimal(12,2)', 'list<utf8>'), or give all of its members as the type ColumnType says.",
    details: { column },
  })
