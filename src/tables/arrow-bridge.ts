import type { RecordBatch } from 'apache-arrow'
import { ArrowBuilder } from './arrow-build.ts'
import { ArrowDataTaker } from './arrow-data.ts'
import { arrowLibrary } from './arrow-library.ts'
import { type ArrowTable, isArrowShape } from './arrow-shape.ts'
import { fieldOfArrow } from './arrow-type.ts'
import type { ReadableTable } from './batch-source.ts'
import type { ColumnarTable } from './columnar.ts'
import { ColumnarHolder } from './columnar-holder.ts'

/** Whether it is a table of `apache-arrow`, of whichever copy or version; loads no library. */
export function isArrowTable(value: object): boolean {
  return value instanceof ColumnarHolder || isArrowShape(value)
}

/**
 * Takes an Arrow table apart, without a library. Buffers are shared where they can be taken as they are: whoever keeps the result while the table may change copies it.
 *
 * @throws WaymarkError `unsupported` naming the column whose type cannot be kept exactly
 */
export function columnarOfArrow(table: object): ColumnarTable {
  if (table instanceof ColumnarHolder) return table.columns
  if (!isArrowShape(table)) throw new TypeError('not an Arrow table')
  return taken(table)
}

function taken({ schema, batches }: ArrowTable): ColumnarTable {
  const fields = schema.fields.map(field => fieldOfArrow(field))
  const taker = new ArrowDataTaker()
  const rows = batches
    .filter(({ data }) => data.length > 0)
    .map(({ data }) => ({
      rowCount: data.length,
      columns: fields.map((field, at) => {
        const child = data.children[at]
        if (child === undefined) throw new RangeError(`a batch lacks the column ${field.name}`)
        return taker.column(field, [{ data: child, from: 0, to: data.length }])
      }),
    }))
  return {
    fields,
    ...(schema.metadata === undefined || schema.metadata.size === 0 ? {} : { metadata: new Map(schema.metadata) }),
    batches: rows,
    rowCount: rows.reduce((sum, { rowCount }) => sum + rowCount, 0),
  }
}

/**
 * An `apache-arrow` Table of the module that `import 'apache-arrow'` gives, which is loaded when it is first needed.
 *
 * @throws WaymarkError `unsupported` naming the package if it is not installed
 */
export function arrowOfColumnar(table: ColumnarTable): object {
  return new ArrowBuilder(arrowLibrary()).table(table)
}

/** Its RecordBatches, one by one. @throws WaymarkError as {@link arrowOfColumnar} */
export async function* arrowBatchesOf({
  fields,
  metadata,
  batches,
}: Pick<ReadableTable, 'fields' | 'metadata' | 'batches'>): AsyncIterableIterator<RecordBatch> {
  const builder = new ArrowBuilder(arrowLibrary())
  const schema = builder.schema({ fields, ...(metadata === undefined ? {} : { metadata }) })
  for await (const batch of batches) yield builder.batch(schema, fields, batch)
}
