import { types } from 'node:util'
import { WaymarkError } from '../model/errors.ts'
import { parseJson } from '../model/parse-json.ts'
import { checkColumns } from './item-file.ts'
import { jsonLine } from './json-line.ts'

/** What a column of a Parquet output holds. */
export type ParquetType =
  | 'BOOLEAN'
  /** Whole numbers of 32 bits. */
  | 'INT32'
  /** Whole numbers that a JavaScript number holds exactly, stored in 64 bits; they come back as numbers. */
  | 'INTEGER'
  /** Whole numbers of 64 bits, given as bigints or numbers; they come back as bigints. */
  | 'INT64'
  | 'DOUBLE'
  | 'STRING'
  /** A Date, to the millisecond, in UTC. */
  | 'TIMESTAMP'
  /** A Uint8Array. */
  | 'BINARY'
  /** Anything JSON can hold. */
  | 'JSON'

export type ParquetColumn = readonly [name: string, type: ParquetType]

/** A row of which every value fits its column; what has no value is left out. */
export type ParquetRow = Readonly<Record<string, unknown>>

const typeNames: readonly ParquetType[] = [
  'BOOLEAN',
  'INT32',
  'INTEGER',
  'INT64',
  'DOUBLE',
  'STRING',
  'TIMESTAMP',
  'BINARY',
  'JSON',
]

export const isParquetType = (name: unknown): name is ParquetType => typeNames.some(known => known === name)

/**
 * Columns as a caller gives them.
 *
 * @throws WaymarkError `invalid`
 */
export function parquetColumns(given: unknown, where: string): readonly ParquetColumn[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw badColumns(`the columns of ${where} are no object of types`)
  const columns = Object.entries(given).map(([name, type]): ParquetColumn => {
    if (isParquetType(type)) return [name, type]
    throw badColumns(`the column ${JSON.stringify(name)} of ${where} has the type ${JSON.stringify(type) ?? typeof type}`)
  })
  checkColumns(
    columns.map(([name]) => name),
    where,
  )
  return columns
}

/** The types of columns: given, or found from the rows of the first part and from then on the same. */
export class ParquetColumns {
  readonly #shown: string
  readonly #types: Map<string, ParquetType | undefined>
  /** True: columns that are not given are left out of a row, as in CSV. */
  readonly #chosen: boolean
  #fixed: boolean

  constructor(shown: string, given: readonly ParquetColumn[] | undefined, recorded: readonly ParquetColumn[] | undefined) {
    this.#shown = shown
    this.#types = new Map(given ?? recorded)
    this.#chosen = given !== undefined
    this.#fixed = given !== undefined || recorded !== undefined
  }

  /** Once the first part is full: what had no value so far may become anything that JSON can hold. */
  fix(): readonly ParquetColumn[] {
    for (const [name, type] of this.#types) this.#types.set(name, type ?? 'JSON')
    this.#fixed = true
    return this.list()
  }

  list(): readonly ParquetColumn[] {
    return [...this.#types].map(([name, type]) => [name, type ?? 'JSON'])
  }

  /**
   * The values of a row that belong into a part, safe from later changes of the object once they are encoded. A value decides the type of a column as long as that is open.
   *
   * @throws WaymarkError `invalid` naming column and item: nothing is then changed
   */
  row(value: unknown, item: string): ParquetRow {
    if (!isRecord(value)) throw this.#refused(item, undefined, `is ${described(value)}, not an object with columns`)
    const row: Record<string, unknown> = {}
    const found: [string, ParquetType | undefined][] = []
    for (const name of this.#chosen ? this.#types.keys() : Object.keys(value)) {
      const cell = Object.hasOwn(value, name) ? value[name] : undefined
      if (cell === undefined) continue
      if (!this.#types.has(name)) this.#checkNew(name, item)
      const type = this.#typeWith(name, cell, item)
      if (!this.#fixed) found.push([name, type])
      if (cell !== null) row[name] = this.#cell(type ?? 'JSON', name, cell, item)
    }
    for (const [name, type] of found) this.#types.set(name, type)
    return row
  }

  #checkNew(name: string, item: string): void {
    if (this.#fixed) throw this.#refused(item, name, 'is in none of the parts before: columns cannot be added')
    if (name === '' || name === '__proto__') throw this.#refused(item, name, 'cannot be the name of a column')
  }

  #typeWith(name: string, cell: unknown, item: string): ParquetType | undefined {
    const known = this.#types.get(name)
    if (this.#fixed || cell === null) return known
    const type = typeOf(cell)
    if (type === undefined) throw this.#refused(item, name, `is ${described(cell)}, which no column can hold`)
    if (known === undefined || known === type) return type
    if (isNumeric(known) && isNumeric(type)) return 'DOUBLE'
    throw this.#refused(item, name, `is ${described(cell)}, but ${known} in the rows before`)
  }

  #cell(type: ParquetType, name: string, cell: unknown, item: string): unknown {
    if (type === 'JSON') {
      try {
        return parseJson(jsonLine(cell))
      } catch (error) {
        throw this.#refused(item, name, error instanceof Error ? `cannot be written: ${error.message}` : 'cannot be written')
      }
    }
    // A view of the bytes alone: a Buffer is a class of its own.
    if (cell instanceof Uint8Array && type === 'BINARY') return new Uint8Array(cell.buffer, cell.byteOffset, cell.byteLength)
    if (fits(type, cell)) return cell
    throw this.#refused(item, name, `is ${described(cell)}, which does not fit ${type}`)
  }

  #refused(item: string, column: string | undefined, what: string): WaymarkError {
    const where = column === undefined ? '' : `column ${JSON.stringify(column)} `
    return new WaymarkError('invalid', {
      message: `${this.#shown}: ${where}of item ${item} ${what}`,
      means: 'Nothing of the item was written, and it is not done; items before it are safe.',
      remedy: `Give every row the same columns and types, or name them: parquet(${JSON.stringify(this.#shown)}, { columns: { ${column ?? 'name'}: 'STRING' } }).`,
      details: { item, ...(column === undefined ? {} : { column }) },
    })
  }
}

const isNumeric = (type: ParquetType): boolean => type === 'INTEGER' || type === 'DOUBLE'

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false
  return (
    !types.isDate(value) &&
    !types.isMap(value) &&
    !types.isSet(value) &&
    !types.isPromise(value) &&
    !types.isAnyArrayBuffer(value)
  )
}

/** The column a value would get; undefined if there is none. -0 is no whole number: integers have no sign for zero. */
function typeOf(cell: unknown): ParquetType | undefined {
  switch (typeof cell) {
    case 'boolean':
      return 'BOOLEAN'
    case 'number':
      return isWhole(cell) ? 'INTEGER' : 'DOUBLE'
    case 'bigint':
      return 'INT64'
    case 'string':
      return 'STRING'
    case 'object':
      if (types.isDate(cell)) return 'TIMESTAMP'
      return cell instanceof Uint8Array ? 'BINARY' : 'JSON'
    default:
      return undefined
  }
}

function fits(type: ParquetType, cell: unknown): boolean {
  switch (type) {
    case 'BOOLEAN':
      return typeof cell === 'boolean'
    case 'INT32':
      return isWhole(cell) && Math.abs(cell + 0.5) < 2 ** 31
    case 'INTEGER':
      return isWhole(cell)
    case 'INT64':
      return isWhole(cell) || (typeof cell === 'bigint' && cell === BigInt.asIntN(64, cell))
    case 'DOUBLE':
      return typeof cell === 'number'
    case 'STRING':
      return typeof cell === 'string' && cell.isWellFormed()
    case 'TIMESTAMP':
      return types.isDate(cell) && !Number.isNaN(cell.getTime())
    case 'BINARY':
      return cell instanceof Uint8Array
    case 'JSON':
      return true
  }
}

const isWhole = (cell: unknown): cell is number => Number.isSafeInteger(cell) && !Object.is(cell, -0)

function described(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'string')
    return value.isWellFormed() ? `the text ${JSON.stringify(value.slice(0, 40))}` : 'a text with half a surrogate pair'
  if (typeof value === 'number') return `the number ${Object.is(value, -0) ? '-0' : value}`
  if (typeof value === 'bigint') return `the bigint ${value}n`
  if (typeof value !== 'object') return `a ${typeof value}`
  if (types.isDate(value)) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date'
  return value.constructor?.name === 'Object' || value.constructor === undefined ? 'an object' : `a ${value.constructor.name}`
}

function badColumns(message: string): WaymarkError {
  return new WaymarkError('invalid', {
    message,
    means: 'Nothing was read or written.',
    remedy: `Name each column with its type, as { id: 'INT64', at: 'TIMESTAMP' }; types are ${typeNames.join(', ')}.`,
  })
}
