import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { isArrowTable } from './arrow-bridge.ts'
import { schemaFields, schemaOf } from './schema-fields.ts'
import { markTable } from './table-mark.ts'
import { notATable, schemaOfArrow } from './table-refusals.ts'
import type { TableSchema } from './table-schema.ts'
import { type RowSource, TableStream } from './table-stream.ts'

export interface TableOptions {
  /** The columns, in their order, and their types. Default: what the rows hold. An Arrow table has its own. */
  readonly schema?: TableSchema
}

const rules: OptionRules<TableOptions> = { schema: optionRules.any }

/** What can be kept as a table at once: rows, which are plain objects, or a Table of `apache-arrow`. */
export type TableSource = readonly object[] | ArrowTableLike

/** As much of an Arrow table as tells it from anything else. */
export interface ArrowTableLike {
  readonly schema: object
  readonly batches: readonly object[]
  readonly numRows: number
  readonly numCols: number
}

/**
 * Says that rows or an Arrow table are to be kept as a table: in typed columns, with facts about each and a hash of the content. Returns the very same object, which can
 * stand alone or anywhere inside a larger value. A copy of it (`[...rows]`, `rows.filter(…)`) is not marked.
 *
 * Rows (or RecordBatches of Arrow) that come one by one, from a generator, a stream or any other iterable, are kept as they come, in bounded memory, however many they are: a `TableStream`, which is a whole
 * result or value and not a part of one. Without a schema the first 65,536 rows tell the columns and their types.
 *
 * What is loaded has the form that was given, and is marked again.
 *
 * @throws WaymarkError `invalid` for what is none of these, an option there is not, and for a schema with a type there is not. Values that do not fit are refused when it is saved.
 *
 * @example
 * import { table } from 'waymark'
 *
 * const rows = [{ ticker: 'SAP', day: new Date('2026-11-20'), price: '231.50' }]
 * const prices = table(rows, { schema: { ticker: 'utf8', day: 'date', price: 'decimal(12,2)' } })
 */
export function table<T extends TableSource>(given: T, options?: TableOptions): T
export function table<Row extends object>(given: RowSource<Row>, options?: TableOptions): TableStream<Row>
export function table(given: TableSource | RowSource<object>, options: TableOptions = {}): object {
  checkOptions('table', options, rules, 'Nothing was saved.')
  if (typeof given !== 'object' || given === null) throw notATable(given)
  const { schema } = options
  const isArrow = !Array.isArray(given) && isArrowTable(given)
  if (isArrow && schema !== undefined) throw schemaOfArrow()
  const made = Array.isArray(given) || isArrow ? given : streamOf(given)
  markTable(made, { schema: schema === undefined ? undefined : schemaOf(schemaFields(schema)) })
  return made
}

function streamOf(given: object): TableStream<object> {
  if (given instanceof TableStream) return given
  if (isRowSource(given)) return new TableStream(given)
  throw notATable(given)
}

/** What it gives is looked at when it comes. Entries of a Map are no rows. */
const isRowSource = (given: object): given is RowSource<object> =>
  (Symbol.asyncIterator in given || Symbol.iterator in given) && !(given instanceof Map) && !ArrayBuffer.isView(given)
