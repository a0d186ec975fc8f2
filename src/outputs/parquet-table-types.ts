import type { FileMetaData, SchemaElement } from 'hyparquet'
import type { ColumnField } from '../tables/columnar.ts'
import { listIn, membersIn, textIn } from '../tables/damaged-table.ts'
import { readField, readMetadata } from '../tables/read-stored-type.ts'
import { readColumn, schemaNodes } from './parquet-column-type.ts'
import { parquetField } from './parquet-table-schema.ts'

/** Under this name a file says which types its columns had, beyond what Parquet tells apart. */
export const tableKey = 'waymark.table'

/** What a file that Waymark wrote says of its table. */
export interface OwnTable {
  readonly fields: readonly ColumnField[]
  readonly metadata?: ReadonlyMap<string, string>
  /** Of the content. */
  readonly digest: string
}

/**
 * The types of the table that a file was written from; undefined for files of others.
 *
 * @throws Error for what Waymark never wrote
 */
export function ownTable({ key_value_metadata: pairs = [], schema }: FileMetaData): OwnTable | undefined {
  const text = pairs.find(({ key }) => key === tableKey)?.value
  if (text === undefined) return undefined
  const asMap = (key: string, value: unknown): unknown => (key === 'metadata' && Array.isArray(value) ? new Map(value) : value)
  const described = membersIn(JSON.parse(text, asMap), 'a description of a table')
  const fields = listIn(described['fields'], 'columns').map(readField)
  const elements: readonly SchemaElement[] = fields.flatMap(field => parquetField(field).elements)
  const [root] = schema
  if (root === undefined) return undefined
  const written = schemaNodes([{ ...root, num_children: fields.length }, ...elements])
  const types = (nodes: typeof written): string => JSON.stringify(nodes.map(node => readColumn(node).field))
  if (types(written) !== types(schemaNodes(schema))) throw new Error('its columns are others than it says it was written with')
  return { fields, ...readMetadata(described['metadata']), digest: textIn(described['digest'], 'a digest') }
}
