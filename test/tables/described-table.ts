import * as arrow from 'apache-arrow'

export interface DescribedTable {
  readonly rows: number
  readonly fields: readonly unknown[]
  readonly metadata: readonly unknown[]
  readonly columns: readonly (readonly unknown[])[]
}

/** What a table says of its types, and its values, with everything told apart. */
export function described(table: arrow.Table): DescribedTable {
  return {
    rows: table.numRows,
    fields: table.schema.fields.map(describedField),
    metadata: [...table.schema.metadata],
    columns: table.schema.fields.map((_, at) =>
      Array.from({ length: table.numRows }, (__, row) => plain(table.getChildAt(at)?.get(row))),
    ),
  }
}

const describedField = ({ name, type, nullable, metadata }: arrow.Field): unknown => [
  name,
  String(type),
  nullable,
  [...metadata],
  (type.children ?? []).map((child: arrow.Field) => describedField(child)),
]

function plain(value: unknown): unknown {
  if (value instanceof arrow.Vector) return Array.from({ length: value.length }, (_, at) => plain(value.get(at)))
  if (value instanceof arrow.MapRow) return ['map', ...[...value].map(([key, part]) => [plain(key), plain(part)])]
  if (value instanceof arrow.StructRow) return ['struct', ...[...value].map(([key, part]) => [key, plain(part)])]
  if (ArrayBuffer.isView(value)) return ['bytes', Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')]
  return value
}
