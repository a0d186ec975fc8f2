import { ColumnBuilder, type RowsSource } from './column-builder.ts'
import type { ColumnPlan, ColumnSide, ShapeIds } from './column-plan.ts'
import type { ColumnarTable, ColumnField, RowBatch } from './columnar.ts'
import { fieldOf } from './plan-column.ts'
import { ObjectShapes, packedShapeIds, plainRow } from './row-shapes.ts'

/** Rows of a batch: what is changed or appended in one leaves the bytes of the others as they are. */
export const rowsPerBatch: number = 64 * 1024

/** A table of rows in columns, with what is needed to get the same rows back. */
export interface RowsTable {
  readonly table: ColumnarTable
  readonly plans: readonly ColumnPlan[]
  /** Which columns the keys of a row are, in their order, for each order that there is. */
  readonly shapes: readonly (readonly number[])[]
  /** One for each batch. */
  readonly sides: readonly BatchSide[]
}

export interface BatchSide {
  /** The shape of each row; left out where all have the first. */
  readonly shapeIds?: ShapeIds
  /** One for each column; left out where none has anything to tell. */
  readonly columns?: readonly (ColumnSide | null)[]
}

/**
 * Rows in columns: the columns in the order in which their names first appear, or in that of the schema.
 *
 * @param schema the columns there may be; undefined: what the rows have
 * @param where the path of the table inside the whole value, for messages
 * @throws WaymarkError `invalid` for what cannot be in one column, with the column and the rows; `unsupported` for types that rows cannot have
 */
export function tableFromRows(
  rows: readonly unknown[],
  schema: readonly ColumnField[] | undefined,
  where: string = '',
): RowsTable {
  const given = schema?.map(({ name }) => name)
  const shapes = new ObjectShapes(given, where, 'row')
  const builders = new Builders({ rows, where }, schema)
  const shapeIds: (Uint32Array | undefined)[] = []
  let used: unknown[][] | undefined
  for (let from = 0; from < rows.length; from += rowsPerBatch) {
    const to = Math.min(rows.length, from + rowsPerBatch)
    for (let index = from; index < to; index++) plainRow(rows[index], index, where)
    const gathered = shapes.gather(rows, from, to, used)
    used = [...gathered.columns]
    shapeIds.push(gathered.shapeIds?.some(id => id !== 0) === true ? gathered.shapeIds : undefined)
    builders.add(shapes.names, gathered.columns)
  }
  const columns = builders.finish(shapes)
  const plans = columns.map(({ plan }) => plan)
  const batches = shapeIds.map((_, batch): RowBatch => {
    const filled = columns.map(({ batches: all }) => all[batch]?.data).filter(data => data !== undefined)
    return { rowCount: Math.min(rowsPerBatch, rows.length - batch * rowsPerBatch), columns: filled }
  })
  const sides = shapeIds.map((ids, batch): BatchSide => {
    const ofColumns = columns.map(({ batches: all }) => all[batch]?.side ?? null)
    return {
      ...(ids === undefined ? {} : { shapeIds: packedShapeIds(ids, shapes.shapes.length) }),
      ...(ofColumns.some(side => side !== null) ? { columns: ofColumns } : {}),
    }
  })
  const fields = schema ?? plans.map(fieldOf)
  return { table: { fields, batches, rowCount: rows.length }, plans, shapes: shapes.shapes, sides }
}

/** One builder for each column; a column that appears late has no values in the batches before. */
class Builders {
  readonly #source: RowsSource
  readonly #schema: readonly ColumnField[] | undefined
  readonly #builders: ColumnBuilder[] = []
  readonly #batchRows: number[] = []

  constructor(source: RowsSource, schema: readonly ColumnField[] | undefined) {
    this.#source = source
    this.#schema = schema
  }

  add(names: readonly string[], columns: readonly (readonly unknown[])[]): void {
    for (const [index, name] of names.entries()) this.#builder(index, name).add(columns[index] ?? [])
    this.#batchRows.push(Math.min(rowsPerBatch, this.#source.rows.length - this.#batchRows.length * rowsPerBatch))
  }

  finish(shapes: ObjectShapes): readonly ColumnBuilder[] {
    // A schema has columns also where there are no rows.
    if (this.#batchRows.length === 0) for (const [index, name] of shapes.names.entries()) this.#builder(index, name).add([])
    const stale = this.#builders.filter(builder => builder.finish())
    if (stale.length > 0) this.#fillAgain(stale, shapes)
    return this.#builders
  }

  #builder(index: number, name: string): ColumnBuilder {
    let builder = this.#builders[index]
    if (builder === undefined) {
      builder = new ColumnBuilder(name, this.#schema?.[index]?.type, this.#source)
      for (const rows of this.#batchRows) builder.add(new Array(rows).fill(undefined))
      this.#builders[index] = builder
    }
    return builder
  }

  #fillAgain(stale: readonly ColumnBuilder[], shapes: ObjectShapes): void {
    const { rows } = this.#source
    for (let batch = 0; batch < this.#batchRows.length; batch++) {
      const missing = stale.filter(builder => builder.isMissing(batch))
      if (missing.length === 0) continue
      const from = batch * rowsPerBatch
      const { columns } = shapes.gather(rows, from, Math.min(rows.length, from + rowsPerBatch))
      for (const builder of missing) builder.again(batch, columns[shapes.names.indexOf(builder.name)] ?? [])
    }
  }
}
