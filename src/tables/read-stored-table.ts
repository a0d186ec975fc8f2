import { Buffer } from 'node:buffer'
import type { ColumnPlan, ColumnSide, ShapeIds, ValueForm } from './column-plan.ts'
import type { ColumnarTable, ColumnData, ColumnField, ColumnType, RowBatch } from './columnar.ts'
import { countIn, DamagedTable, exactBytes, listIn, type Members, membersIn, oneOf } from './damaged-table.ts'
import { readColumn } from './read-stored-column.ts'
import { readField, readMetadata } from './read-stored-type.ts'
import type { FilledBatch } from './rows-in-batches.ts'
import type { RowsOfTable } from './stored-table.ts'
import type { BatchSide } from './table-from-rows.ts'

/** What a stored table says, every part of it checked. */
export interface ReadTable {
  readonly table: ColumnarTable
  /** How its rows come back; undefined for an Arrow table. */
  readonly rows: RowsOfTable | undefined
  /** Hex. */
  readonly digest: string
  /** Whether its columns are those of a schema that the user gave. */
  readonly hasSchema: boolean
}

const longestDigest = 32

/** What a stored table says before its batches. */
export interface ReadTableHead extends Omit<ReadTable, 'table' | 'rows'>, Omit<ColumnarTable, 'batches'> {
  /** How its rows come back; undefined for an Arrow table. */
  readonly rows: Pick<RowsOfTable, 'plans' | 'shapes'> | undefined
  readonly dictionaries: StoredDictionaries
}

/**
 * The table in what `storedTable` made. Nothing in it points outside of its buffers, and its rows take memory in proportion to its bytes.
 *
 * @throws DamagedTable for anything else
 */
export function readStoredTable(stored: unknown): ReadTable {
  const members = membersIn(stored, 'a table')
  const head = readTableHead(members)
  const { fields, metadata, rowCount, digest, hasSchema, rows } = head
  const read = listIn(members['batches'], 'batches').map(batch => readTableBatch(batch, head))
  if (read.reduce((sum, { batch }) => sum + batch.rowCount, 0) !== rowCount)
    throw new DamagedTable('other rows than are announced')
  const batches = read.map(({ batch }) => batch)
  const table: ColumnarTable = { fields, ...(metadata === undefined ? {} : { metadata }), batches, rowCount }
  if (rows === undefined) return { table, rows, digest, hasSchema }
  return { table, rows: { ...rows, sides: read.map(({ side }) => side) }, digest, hasSchema }
}

/** @throws DamagedTable */
export function readTableHead(members: Members): ReadTableHead {
  const form = oneOf(members['form'], ['rows', 'arrow'], 'a form of a table')
  const digest = Buffer.from(exactBytes(members['digest'], longestDigest, 'a digest')).toString('hex')
  const fields = listIn(members['fields'], 'columns').map(readField)
  return {
    fields,
    ...readMetadata(members['metadata']),
    rowCount: countIn(members['rows'], 'rows of a table'),
    digest,
    hasSchema: members['schema'] === true,
    rows: form === 'arrow' ? undefined : readRows(members, fields),
    dictionaries: new StoredDictionaries(members['dictionaries']),
  }
}

/** @throws DamagedTable */
export function readTableBatch(stored: unknown, { fields, dictionaries, rows }: ReadTableHead): FilledBatch {
  const members = membersIn(stored, 'a batch')
  const batch = readBatch(members, fields, dictionaries)
  return { batch, side: rows === undefined ? {} : readSide(members, batch, rows) }
}

function readBatch(batch: Members, fields: readonly ColumnField[], dictionaries: StoredDictionaries): RowBatch {
  const rowCount = countIn(batch['rows'], 'rows of a batch')
  const columns = listIn(batch['columns'], 'columns of a batch')
  if (columns.length !== fields.length) throw new DamagedTable('a batch with other columns than its table')
  if (fields.length === 0) exactBytes(batch['blank'], Math.ceil(rowCount / 8), 'the rows of a batch without columns')
  return {
    rowCount,
    columns: fields.map(({ type }, index) => readColumn(columns[index], type, rowCount, dictionaries.of)),
  }
}

/** Each is read once, as what its first column says it holds. */
export class StoredDictionaries {
  readonly #stored: readonly unknown[]
  readonly #read = new Map<number, { readonly type: string; readonly data: ColumnData }>()
  readonly #open = new Set<number>()

  constructor(stored: unknown) {
    this.#stored = stored === undefined ? [] : listIn(stored, 'dictionaries')
  }

  readonly of = (place: number, type: ColumnType): ColumnData => {
    const typeText = JSON.stringify(type)
    const known = this.#read.get(place)
    if (known !== undefined) {
      if (known.type !== typeText) throw new DamagedTable('a dictionary that is to hold two types')
      return known.data
    }
    if (this.#open.has(place)) throw new DamagedTable('a dictionary within itself')
    this.#open.add(place)
    const stored = membersIn(this.#stored[place], 'a dictionary')
    const data = readColumn(stored, type, countIn(stored['rows'], 'rows of a dictionary'), this.of)
    this.#open.delete(place)
    this.#read.set(place, { type: typeText, data })
    return data
  }
}

function readRows(members: Members, fields: readonly ColumnField[]): Pick<RowsOfTable, 'plans' | 'shapes'> {
  const storedPlans = listIn(members['plans'], 'plans')
  if (storedPlans.length !== fields.length) throw new DamagedTable('plans of other columns than there are')
  const plans = fields.map(({ name, type }, index) => readPlan(name, type, storedPlans[index]))
  return { plans, shapes: readShapes(members['shapes'], fields.length) }
}

function readSide(
  { shapeIds, sides: columns }: Members,
  batch: RowBatch,
  { plans, shapes }: Pick<RowsOfTable, 'plans' | 'shapes'>,
): BatchSide {
  if (batch.rowCount > 0 && shapes.length === 0) throw new DamagedTable('rows without keys')
  return {
    ...readShapeIds(shapeIds, shapes.length, batch.rowCount),
    ...(columns === undefined ? {} : { columns: readSides(columns, plans, batch.columns) }),
  }
}

const forms: Readonly<Record<ColumnType['kind'], readonly ValueForm[]>> = {
  null: ['none'],
  bool: ['boolean', 'none'],
  int: ['number', 'bigint', 'none'],
  float: ['number', 'none'],
  decimal: ['number', 'bigint', 'text', 'none'],
  utf8: ['text', 'none'],
  binary: ['bytes', 'buffer', 'none'],
  'fixed-binary': ['bytes', 'buffer', 'none'],
  date: ['date', 'number', 'bigint', 'none'],
  time: ['number', 'bigint', 'none'],
  timestamp: ['date', 'number', 'bigint', 'none'],
  duration: ['number', 'bigint', 'none'],
  interval: [],
  list: ['list'],
  'fixed-list': ['list'],
  struct: ['object'],
  map: [],
  union: [],
  dictionary: ['boolean', 'number', 'bigint', 'text', 'none'],
}

function readPlan(name: string, type: ColumnType, stored: unknown): ColumnPlan {
  const { form, shapes, children } = membersIn(stored, 'a plan')
  if (type.kind === 'float' && type.bits === 16) throw new DamagedTable('a plan for what rows cannot have')
  const storedChildren = children === undefined ? [] : listIn(children, 'plans')
  const inner = innerFields(type)
  if (storedChildren.length !== inner.length) throw new DamagedTable('plans of other columns than there are')
  return {
    name,
    type,
    form: oneOf(form, forms[type.kind], 'a form of values'),
    ...(type.kind === 'struct' ? { shapes: readShapes(shapes, inner.length) } : {}),
    children: inner.map((field, index) => readPlan(field.name, field.type, storedChildren[index])),
  }
}

function innerFields(type: ColumnType): readonly { readonly name: string; readonly type: ColumnType }[] {
  switch (type.kind) {
    case 'list':
    case 'fixed-list':
      return [type.item]
    case 'struct':
      return type.fields
    case 'dictionary':
      return [{ name: 'values', type: type.values }]
    default:
      return []
  }
}

/** Each column at most once in a shape. */
function readShapes(stored: unknown, columns: number): readonly (readonly number[])[] {
  return listIn(stored, 'orders of keys').map(shape => {
    const places = listIn(shape, 'an order of keys').map(place => countIn(place, 'a column'))
    if (new Set(places).size !== places.length || places.some(place => place >= columns))
      throw new DamagedTable('a key that is no column')
    return places
  })
}

function readShapeIds(stored: unknown, shapes: number, rowCount: number): { readonly shapeIds?: ShapeIds } {
  if (stored === undefined) return {}
  const isIds = stored instanceof Uint8Array || stored instanceof Uint16Array || stored instanceof Uint32Array
  if (!isIds || stored.length !== rowCount) throw new DamagedTable('orders of keys of other rows than there are')
  for (const id of stored) if (id >= shapes) throw new DamagedTable('an order of keys that there is not')
  return { shapeIds: stored }
}

function readSides(
  stored: unknown,
  plans: readonly ColumnPlan[],
  columns: readonly ColumnData[],
): readonly (ColumnSide | null)[] {
  const sides = listIn(stored, 'what is said of columns')
  if (sides.length !== plans.length) throw new DamagedTable('something said of other columns than there are')
  return plans.map((plan, index) => {
    const data = columns[index]
    if (data === undefined || sides[index] === null) return null
    const { undefineds, shapeIds, children } = membersIn(sides[index], 'what is said of a column')
    const inner = children === undefined ? {} : { children: readSides(children, plan.children, data.children ?? []) }
    return {
      ...(undefineds === undefined
        ? {}
        : { undefineds: exactBytes(undefineds, (data.rowCount + 7) >> 3, 'marks of what is undefined') }),
      ...readShapeIds(shapeIds, plan.shapes?.length ?? 0, data.rowCount),
      ...inner,
    }
  })
}
