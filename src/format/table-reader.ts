import { arrowOfColumnar } from '../tables/arrow-bridge.ts'
import { ColumnarHolder } from '../tables/columnar-holder.ts'
import { contentHash } from '../tables/content-hash.ts'
import { DamagedTable } from '../tables/damaged-table.ts'
import { readStoredTable } from '../tables/read-stored-table.ts'
import { schemaOf } from '../tables/schema-fields.ts'
import { markTable } from '../tables/table-mark.ts'
import { tableToRows } from '../tables/table-to-rows.ts'

/** A table in the form that was given, marked as one. */
export interface RevivedTable {
  readonly value: object
  /** Hex, worked out anew. */
  readonly digest: string
}

/**
 * The table that is stored as this.
 *
 * @param inColumns as a `ColumnarHolder`, whatever form was given
 * @throws DamagedTable also where its content is not what its digest says; WaymarkError `unsupported` for an Arrow table without the package
 */
export function revivedTable(stored: unknown, inColumns = false): RevivedTable {
  const { table, rows, digest, hasSchema } = readStoredTable(stored)
  const found = contentHash(table)
  if (found !== digest) throw new DamagedTable('a table whose content is another than was saved')
  const value = inColumns
    ? new ColumnarHolder(table)
    : rows === undefined
      ? arrowOfColumnar(table)
      : tableToRows({ table, ...rows })
  const { fields } = table
  markTable(value, hasSchema ? { schema: schemaOf(fields), order: fields.map(({ name }) => name) } : { schema: undefined })
  return { value, digest }
}
