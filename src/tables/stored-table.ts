import type { ColumnPlan, ColumnSide } from './column-plan.ts'
import type { ColumnarTable, ColumnData, ColumnField, ColumnType, RowBatch } from './columnar.ts'
import { firstOf } from './grown-dictionary.ts'
import type { BatchSide, RowsTable } from './table-from-rows.ts'

/** A table as plain data, in the order of keys in which it is stored: `docs/format-tables.md`. */
export interface StoredTable {
  readonly form: 'rows' | 'arrow'
  /** SHA-256 of what the table holds, whatever the order of its rows. */
  readonly digest: Uint8Array
  readonly rows: number
  readonly fields: readonly object[]
  readonly metadata?: ReadonlyMap<string, string>
  /** That the columns are those of a schema that the user gave. */
  readonly schema?: true
  readonly plans?: readonly object[]
  readonly shapes?: readonly (readonly number[])[]
  readonly dictionaries?: readonly object[]
  readonly batches: readonly object[]
}

/** How the rows of a table come back; undefined for an Arrow table. */
export type RowsOfTable = Pick<RowsTable, 'plans' | 'shapes' | 'sides'>

export function storedTable(
  table: ColumnarTable,
  rows: RowsOfTable | undefined,
  digest: Uint8Array,
  hasSchema: boolean,
): StoredTable {
  const dictionaries = new Dictionaries()
  const batches = table.batches.map((batch, index) => storedBatch(table.fields, batch, rows?.sides[index], dictionaries))
  return { ...storedHead({ ...table, rows, digest, hasSchema, dictionaries }), batches }
}

/** What a table is, but for its batches. */
export interface TableHead extends Omit<ColumnarTable, 'batches'> {
  readonly rows: Pick<RowsOfTable, 'plans' | 'shapes'> | undefined
  readonly digest: Uint8Array
  readonly hasSchema: boolean
  /** Those of all batches. */
  readonly dictionaries: Dictionaries
}

export function storedHead(table: TableHead): Omit<StoredTable, 'batches'> {
  const { rows, digest, hasSchema, dictionaries } = table
  return {
    form: rows === undefined ? 'arrow' : 'rows',
    digest,
    rows: table.rowCount,
    fields: table.fields.map(storedField),
    ...metadataOf(table.metadata),
    ...(hasSchema ? { schema: true } : {}),
    ...(rows === undefined ? {} : { plans: rows.plans.map(storedPlan), shapes: rows.shapes }),
    ...(dictionaries.stored.length === 0 ? {} : { dictionaries: dictionaries.stored }),
  }
}

export function storedBatch(
  fields: readonly ColumnField[],
  batch: RowBatch,
  side: BatchSide | undefined,
  dictionaries: Dictionaries,
): object {
  const columns = batch.columns.map((data, at) => dictionaries.column(data, fields[at]?.type))
  const blank = fields.length === 0 ? { blank: blankOf(batch.rowCount) } : {}
  return { rows: batch.rowCount, columns, ...blank, ...storedSide(side) }
}

/** A bit for each row of what has no bytes of its own: so that nobody can announce rows without end in a few bytes. */
export const blankOf = (rowCount: number): Uint8Array => new Uint8Array((rowCount + 7) >> 3)

/** Whether the rows of a column of this type take no bytes. */
export function isBlank(type: ColumnType): boolean {
  switch (type.kind) {
    case 'null':
      return true
    case 'fixed-binary':
      return type.bytes === 0
    case 'fixed-list':
      return type.size === 0
    case 'struct':
      return type.fields.length === 0
    default:
      return false
  }
}

/** The dictionaries of all batches: one that several share is stored once, and of one that grows what it grew to. */
export class Dictionaries {
  readonly stored: object[] = []
  readonly #known = new Map<ColumnData, { readonly place: number; data: ColumnData }>()

  column(data: ColumnData, type: ColumnType | undefined): object {
    const { rowCount, nullCount, validity, offsets, values, typeIds, children, dictionary } = data
    return {
      rows: rowCount,
      nulls: nullCount,
      ...(nullCount === 0 || validity === undefined ? {} : { validity: plainBytes(validity) }),
      ...(offsets === undefined ? {} : { offsets: plainBytes(offsets) }),
      ...(values === undefined ? {} : { values: plainBytes(values) }),
      ...(typeIds === undefined ? {} : { typeIds: plainBytes(typeIds) }),
      ...(children === undefined ? {} : { children: children.map((child, index) => this.column(child, childType(type, index))) }),
      ...(dictionary === undefined ? {} : { dictionary: this.#place(dictionary, type) }),
      ...(type !== undefined && isBlank(type) ? { blank: blankOf(rowCount) } : {}),
    }
  }

  #place(dictionary: ColumnData, type: ColumnType | undefined): number {
    const known = this.#known.get(firstOf(dictionary))
    const valueType = type?.kind === 'dictionary' ? type.values : undefined
    if (known !== undefined) {
      if (known.data !== dictionary && known.data.rowCount < dictionary.rowCount) {
        known.data = dictionary
        this.stored[known.place] = this.column(dictionary, valueType)
      }
      return known.place
    }
    const stored = this.column(dictionary, valueType)
    const place = this.stored.push(stored) - 1
    this.#known.set(firstOf(dictionary), { place, data: dictionary })
    return place
  }
}

/** The type of a child of a column. */
export function childType(type: ColumnType | undefined, index: number): ColumnType | undefined {
  switch (type?.kind) {
    case 'list':
    case 'fixed-list':
      return type.item.type
    case 'map':
      return type.entries.type
    case 'struct':
    case 'union':
      return type.fields[index]?.type
    default:
      return undefined
  }
}

/** A Buffer would be stored as one. */
const plainBytes = (bytes: Uint8Array): Uint8Array =>
  Object.getPrototypeOf(bytes) === Uint8Array.prototype ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const metadataOf = (metadata: ReadonlyMap<string, string> | undefined): { readonly metadata?: ReadonlyMap<string, string> } =>
  metadata === undefined || metadata.size === 0 ? {} : { metadata: new Map(metadata) }

const storedField = ({ name, type, nullable, metadata }: ColumnField): object => ({
  name,
  type: storedType(type),
  nullable,
  ...metadataOf(metadata),
})

/** Always with its members in the same order, whoever made it. */
function storedType(type: ColumnType): object {
  switch (type.kind) {
    case 'int':
      return { kind: type.kind, bits: type.bits, signed: type.signed }
    case 'decimal':
      return { kind: type.kind, bits: type.bits, precision: type.precision, scale: type.scale }
    case 'timestamp':
      return { kind: type.kind, unit: type.unit, ...(type.timezone === undefined ? {} : { timezone: type.timezone }) }
    case 'list':
      return { kind: type.kind, large: type.large, item: storedField(type.item) }
    case 'fixed-list':
      return { kind: type.kind, size: type.size, item: storedField(type.item) }
    case 'struct':
      return { kind: type.kind, fields: type.fields.map(storedField) }
    case 'map':
      return { kind: type.kind, keysSorted: type.keysSorted, entries: storedField(type.entries) }
    case 'union':
      return { kind: type.kind, mode: type.mode, typeIds: [...type.typeIds], fields: type.fields.map(storedField) }
    case 'dictionary': {
      const { bits, signed } = type.index
      return { kind: type.kind, index: { bits, signed }, values: storedType(type.values), ordered: type.ordered, id: type.id }
    }
    default:
      return { ...type }
  }
}

/** The type is that of the field. */
const storedPlan = ({ form, shapes, children }: ColumnPlan): object => ({
  form,
  ...(shapes === undefined ? {} : { shapes }),
  ...(children.length === 0 ? {} : { children: children.map(storedPlan) }),
})

const storedSide = (side: BatchSide | undefined): object => ({
  ...(side?.shapeIds === undefined ? {} : { shapeIds: side.shapeIds }),
  ...(side?.columns === undefined ? {} : { sides: side.columns.map(storedColumnSide) }),
})

function storedColumnSide(side: ColumnSide | null): object | null {
  if (side === null) return null
  const { undefineds, shapeIds, children } = side
  return {
    ...(undefineds === undefined ? {} : { undefineds }),
    ...(shapeIds === undefined ? {} : { shapeIds }),
    ...(children === undefined ? {} : { children: children.map(storedColumnSide) }),
  }
}
