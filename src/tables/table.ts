import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { WaymarkError } from '../model/errors.ts'
import { isArrowTable } from './arrow-bridge.ts'
import { shownValue } from './refused-table.ts'
import { schemaFields, schemaOf } from './schema-fields.ts'
import { markTable } from './table-mark.ts'
import type { TableSchema } from './table-schema.ts'

export interface TableOptions {
  /** The columns, in their order, and their types. Default: what the rows hold. An Arrow table has its own. */
  readonly schema?: TableSchema
}

const rules: OptionRules<TableOptions> = { schema: optionRules.any }

/** What can be kept as a table: rows, which are plain objects, or a Table of `apache-arrow`. */
export type TableSource = readonly object[] | ArrowTableLike

/** As much of an Arrow table as tells it from anything else. */
export interface ArrowTableLike {
  readonly schema: object
  readonly batches: readonly object[]
  readonly numRows: number
  readonly numCols: number
}

/**
 * Says that rows or an Arrow table are to be kept as a table: in typed columns, with facts about each and a hash of the content that is checked at every load. Returns the very same object, which can
 * stand alone or anywhere inside a larger value. A copy of it (`[...rows]`, `rows.filter(…)`) is not marked.
 *
 * What is loaded has the form that was given, and is marked again.
 *
 * @throws WaymarkError `invalid` for what is neither, an option there is not, and for a schema with a type there is not. Values that do not fit are refused when it is saved.
 *
 * @example
 * import { table } from 'waymark'
 *
 * const rows = [{ ticker: 'SAP', day: new Date('2026-11-20'), price: '231.50' }]
 * const prices = table(rows, { schema: { ticker: 'utf8', day: 'date', price: 'decimal(12,2)' } })
 */
export function table<T extends TableSource>(given: T, options: TableOptions = {}): T {
  checkOptions('table', options, rules, 'Nothing was saved.')
  const { schema } = options
  const isRows = Array.isArray(given)
  if (!isRows && (typeof given !== 'object' || given === null || !isArrowTable(given))) throw notATable(given)
  if (!isRows && schema !== undefined) throw schemaOfArrow()
  markTable(given, { schema: schema === undefined ? undefined : schemaOf(schemaFields(schema)) })
  return given
}

const notATable = (given: unknown): WaymarkError =>
  new WaymarkError('invalid', {
    message: `table() cannot take ${shownValue(given)}`,
    means: 'Nothing was saved.',
    remedy: 'Give an array of plain objects, or a Table of apache-arrow.',
  })

const schemaOfArrow = (): WaymarkError =>
  new WaymarkError('invalid', {
    message: 'table() cannot take a schema for an Arrow table, which has one',
    means: 'Nothing was saved.',
    remedy: 'Leave out the option, or make the Arrow table with the types you want.',
  })
