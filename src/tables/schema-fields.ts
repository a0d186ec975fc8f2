import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import type { ColumnField } from './columnar.ts'
import { readSchemaType } from './read-schema-type.ts'
import { quoted } from './refused-table.ts'
import type { TableSchema } from './table-schema.ts'

/**
 * The columns that a schema says: a copy, which does not change with it.
 *
 * @throws WaymarkError `invalid` for what is no type
 */
export function schemaFields(schema: TableSchema): readonly ColumnField[] {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) throw noSchema()
  if (isOfArrow(schema)) throw noSchema('it is a Schema of apache-arrow')
  return Object.entries(schema).map(([name, type]) => {
    if (isOfArrow(type)) throw noSchema(`the column ${quoted(name)} is given as a type of apache-arrow (${String(type)})`)
    if (typeof type !== 'string' && (typeof type !== 'object' || type === null || !('kind' in type)))
      throw noSchema(`the column ${quoted(name)} is given as ${describe(type)}`)
    if (!name.isWellFormed()) throw noSchema()
    return { name, type: readSchemaType(type, name), nullable: true }
  })
}

/** The schema that says these columns. */
export const schemaOf = (fields: readonly ColumnField[]): TableSchema =>
  Object.fromEntries(fields.map(({ name, type }) => [name, type]))

/** The columns in an order that an object cannot have: it has names of whole numbers before others. */
export function inOrder(fields: readonly ColumnField[], order: readonly string[] | undefined): readonly ColumnField[] {
  if (order === undefined) return fields
  const byName = new Map(fields.map(field => [field.name, field]))
  return order.flatMap(name => byName.get(name) ?? [])
}

/** A Schema or a type of `apache-arrow`, whose classes are not looked for: they may be those of another copy. */
const isOfArrow = (given: unknown): boolean =>
  typeof given === 'object' && given !== null && ('typeId' in given || ('fields' in given && 'metadata' in given))

const noSchema = (why?: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `the schema of a table names types of columns${why === undefined ? '' : `, but ${why}`}`,
    means: 'Nothing was saved.',
    remedy: "Write it as { ticker: 'utf8', day: 'date', price: 'decimal(12,2)' }. An Arrow table needs none: it has its types.",
  })
