import { types } from 'node:util'
import type { OutputItem } from './item-target.ts'
import { type NamedItem, type TablePlace, UnfitValue, unfitRow } from './sql-errors.ts'

/** A column of the user's table. */
export interface SqlColumn {
  readonly name: string
  /** In the words of the database, lower case: `integer`, `jsonb`, `_text`. Empty where it has none. */
  readonly type: string
  /** The database computes it: nothing can be written to it. */
  readonly generated: boolean
}

/** Items with the same properties, and so one statement. */
export interface RowShape {
  /** In the item … */
  readonly properties: readonly string[]
  /** … and in the table, in the same order. */
  readonly columns: readonly SqlColumn[]
  /** Places of the key's columns among them. */
  readonly keyAt: readonly number[]
}

/** A row that waits for a flush. */
export interface SqlRow<Value> extends NamedItem {
  readonly shape: RowShape
  readonly values: readonly Value[]
}

export interface RowRules<Value> extends TablePlace {
  /** Undefined: every property of an item is a column. */
  readonly columns: readonly string[] | undefined
  readonly key: readonly string[]
  readonly find: (name: string) => SqlColumn | undefined
  /** @throws UnfitValue */
  readonly convert: (value: unknown, column: SqlColumn) => Value
}

/** Turns items into rows. What an item holds is copied, so that a later change of it changes nothing. */
export class RowMaker<Value> {
  readonly #rules: RowRules<Value>
  readonly #shapes = new Map<string, RowShape>()
  #last: RowShape | undefined

  constructor(rules: RowRules<Value>) {
    this.#rules = rules
  }

  /** @throws WaymarkError `invalid` naming table, column and item */
  row(value: unknown, { index, key }: OutputItem): SqlRow<Value> {
    const item = { index, key }
    if (!isRow(value))
      throw unfitRow(this.#rules, item, `it is ${described(value)}, not an object with a property for each column`)
    const shape = this.#shapeOf(value, item)
    const values = shape.columns.map((column, at) => this.#convert(value[shape.properties[at] ?? ''], column, item))
    for (const at of shape.keyAt) {
      if (values[at] === null) throw unfitRow(this.#rules, item, 'the key has no value', { column: shape.columns[at]?.name })
    }
    return { shape, values, index, key }
  }

  #convert(value: unknown, column: SqlColumn, item: NamedItem): Value {
    try {
      return this.#rules.convert(value, column)
    } catch (error) {
      if (!(error instanceof UnfitValue)) throw error
      throw unfitRow(this.#rules, item, error.message, { column: column.name, cause: error.cause })
    }
  }

  #shapeOf(value: Readonly<Record<string, unknown>>, item: NamedItem): RowShape {
    const properties = this.#rules.columns ?? Object.keys(value)
    if (this.#last !== undefined && sameNames(this.#last.properties, properties)) return this.#last
    const name = JSON.stringify(properties)
    let shape = this.#shapes.get(name)
    if (shape === undefined) {
      shape = this.#newShape(properties, item)
      this.#shapes.set(name, shape)
    }
    this.#last = shape
    return shape
  }

  #newShape(properties: readonly string[], item: NamedItem): RowShape {
    const { find, key } = this.#rules
    if (properties.length === 0) throw unfitRow(this.#rules, item, 'it has no properties')
    const columns = properties.map(property => {
      const column = find(property)
      if (column === undefined) {
        throw unfitRow(this.#rules, item, 'the table has no such column', {
          column: property,
          remedy: 'Add the column to the table, or list the columns to write: columns: [...]',
        })
      }
      if (!column.generated) return column
      throw unfitRow(this.#rules, item, 'the database computes it', {
        column: property,
        remedy: 'Leave it out, or list the columns to write: columns: [...]',
      })
    })
    const doubled = columns.find((column, at) => columns.indexOf(column) !== at)
    if (doubled !== undefined) throw unfitRow(this.#rules, item, 'two properties are this column', { column: doubled.name })
    const keyAt = key.map(name => columns.findIndex(({ name: found }) => found === find(name)?.name))
    const missing = key[keyAt.indexOf(-1)]
    if (missing !== undefined) throw unfitRow(this.#rules, item, 'the key is missing', { column: missing })
    return { properties: [...properties], columns, keyAt }
  }
}

const sameNames = (one: readonly string[], other: readonly string[]): boolean =>
  one === other || (one.length === other.length && one.every((name, at) => name === other[at]))

function isRow(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false
  return !(
    types.isDate(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isPromise(value) ||
    types.isAnyArrayBuffer(value)
  )
}

function described(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return `a ${typeof value}`
  return Array.isArray(value) ? 'an array' : `a ${value.constructor?.name ?? 'value of another kind'}`
}

/** About how many bytes a value takes in memory and on its way. */
export function valueBytes(value: unknown): number {
  if (typeof value === 'string') return value.length + 8
  if (ArrayBuffer.isView(value)) return value.byteLength + 8
  if (Array.isArray(value)) return value.reduce<number>((sum, part) => sum + valueBytes(part), 16)
  if (typeof value === 'object' && value !== null && !types.isDate(value)) return valueBytes(Object.values(value))
  return 8
}
