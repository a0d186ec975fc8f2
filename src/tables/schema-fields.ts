import { WaymarkError } from '../model/errors.ts'
import type { ColumnField } from './columnar.ts'
import { readSchemaType } from './read-schema-type.ts'
import type { TableSchema } from './table-schema.ts'

/**
 * The columns that a schema says: a copy, which does not change with it.
 *
 * @throws WaymarkError `invalid` for what is no type
 */
export function schemaFields(schema: TableSchema): readonly ColumnField[] {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) throw noSchema()
  return Object.entries(schema).map(([name, type]) => {
    if (typeof type !== 'string' && (typeof type !== 'object' || type === null || !('kind' in type))) throw noSchema()
    if (!name.isWellFormed()) throw noSchema()
    return { name, type: readSchemaType(type, name), nullable: true }
  })
}

/** The schema that says these columns. */
export const schemaOf = (fields: readonly ColumnField[]): TableSchema =>
  Object.fromEntries(fields.map(({ name, type }) => [name, type]))

const noSchema = (): WaymarkError =>
  new WaymarkError('invalid', {
    message: 'the schema of a table names types of columns',
    means: 'Nothing was saved.',
    remedy: "Write it as { ticker: 'utf8', day: 'date', price: 'decimal(12,2)' }.",
  })
