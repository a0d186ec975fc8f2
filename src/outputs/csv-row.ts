import { WaymarkError } from '../model/errors.ts'
import { type CsvFile, checkColumns } from './item-file.ts'

/** Turns items into rows of one CSV file (RFC 4180, lines ended by LF) and knows its columns once they are decided. */
export class CsvRows {
  readonly #shown: string
  readonly #delimiter: string
  readonly #mustQuote: RegExp
  /** The caller listed the columns: what else an item has is left out on purpose. */
  readonly #chosen: boolean
  #columns: readonly string[] | undefined

  /** `columns`: those already in the file. */
  constructor(file: CsvFile<unknown, never>, columns: readonly string[] | undefined) {
    this.#shown = file.path
    this.#delimiter = file.delimiter
    this.#mustQuote = new RegExp(`["\\r\\n${file.delimiter.replace(/[\\\]^-]/, '\\$&')}]|^\\uFEFF`)
    this.#chosen = file.columns !== undefined
    this.#columns = columns ?? file.columns
  }

  get columns(): readonly string[] | undefined {
    return this.#columns
  }

  /** The header line, or undefined while no columns are decided. */
  header(): string | undefined {
    return this.#columns === undefined ? undefined : this.#line(this.#columns)
  }

  /**
   * The item as a line without its newline. The first item decides the columns if nothing did before.
   *
   * @throws WaymarkError `invalid` naming the column; the columns are then as before
   */
  row(item: unknown): string {
    if (!isRecord(item))
      throw this.#invalid(`An item for ${this.#shown} is ${describe(item)}, not an object with a property per column`)
    const columns = this.#columns ?? checkColumns(Object.keys(item), `The first item of ${this.#shown}`)
    if (!this.#chosen) this.#checkKeys(item, columns)
    const line = this.#line(columns.map(column => (Object.hasOwn(item, column) ? this.#text(item[column], column) : '')))
    this.#columns = columns
    return line
  }

  #checkKeys(item: object, columns: readonly string[]): void {
    const keys = Object.keys(item)
    if (keys.length === columns.length && columns.every(column => Object.hasOwn(item, column))) return
    const extra = keys.filter(key => !columns.includes(key))
    const missing = columns.filter(column => !Object.hasOwn(item, column))
    throw this.#invalid(
      `An item of ${this.#shown} has other keys than the first one: ${[
        ...(missing.length > 0 ? [`without ${missing.join(', ')}`] : []),
        ...(extra.length > 0 ? [`with ${extra.join(', ')}`] : []),
      ].join(', ')}`,
    )
  }

  #text(value: unknown, column: string): string {
    switch (typeof value) {
      case 'string':
        if (value.isWellFormed()) return value
        throw this.#invalid(`Column ${column} holds text with half a surrogate pair, which UTF-8 cannot hold`)
      case 'number':
        if (Number.isFinite(value)) return String(value)
        break
      case 'boolean':
      case 'bigint':
        return String(value)
      case 'undefined':
        return ''
      case 'object':
        if (value === null) return ''
        if ('toJSON' in value && typeof value.toJSON === 'function') {
          const json: unknown = value.toJSON(column)
          if (json !== null && json !== undefined && typeof json !== 'object') return this.#text(json, column)
        }
    }
    throw this.#invalid(`Column ${column} holds ${describe(value)}, which a CSV field cannot hold`)
  }

  #line(fields: readonly string[]): string {
    // An empty line would be skipped by readers, so a single empty field is quoted.
    if (fields.length === 1 && fields[0] === '') return '""'
    return fields.map(field => (this.#mustQuote.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(this.#delimiter)
  }

  #invalid(message: string): WaymarkError {
    return new WaymarkError('invalid', {
      message,
      means: 'Nothing of the item was written.',
      remedy:
        'Return flat objects with the same keys (text, numbers, booleans, dates), or list the columns: csv(path, { columns: […] }).',
    })
  }
}

/** Maps, arrays and other collections have no property per column. */
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !(Symbol.iterator in value)

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Date) return 'an invalid Date'
  if (typeof value === 'number' || value === null || value === undefined) return String(value)
  return typeof value === 'object' ? `an object (${value.constructor?.name ?? 'without a class'})` : `a ${typeof value}`
}
