import { WaymarkError } from '../model/errors.ts'
import type { ColumnPlan } from './column-plan.ts'
import type { ColumnValues } from './column-values.ts'
import type { ColumnField, RowBatch } from './columnar.ts'
import { type FilledColumn, fillColumn } from './fill-column.ts'
import { type FillState, newFillState } from './fill-state.ts'
import { mergedPlan, withShapes } from './merge-plans.ts'
import { planColumn } from './plan-column.ts'
import { ObjectShapes, packedShapeIds } from './row-shapes.ts'
import { type BatchSide, type RowsTable, tableFromRows } from './table-from-rows.ts'

/** A batch of rows in columns. */
export interface FilledBatch {
  readonly batch: RowBatch
  readonly side: BatchSide
}

/**
 * Rows in columns, a batch when its rows are there: the same batches that `tableFromRows` makes of all rows at once. Without a schema the columns and their types are those of the rows of
 * the first batch.
 */
export class RowsInBatches {
  readonly hasSchema: boolean
  readonly #where = ''
  #columns: Columns | undefined
  /** Of the first batch, where they are to tell the columns. */
  #rows: unknown[] = []
  #rowCount = 0

  /** @param schema the columns there may be; undefined: those of the first batch */
  constructor(schema: readonly ColumnField[] | undefined) {
    this.hasSchema = schema !== undefined
    if (schema !== undefined) this.#columns = new Columns(schema, this.#where)
  }

  get fields(): readonly ColumnField[] {
    return this.#columns?.fields ?? []
  }

  /**
   * The rows that follow, all of one batch. They are looked at now: in small portions none lives for long.
   *
   * @throws WaymarkError `invalid` for a key that is not in the schema, with the row
   */
  take(rows: readonly unknown[]): void {
    if (this.#columns === undefined) for (const row of rows) this.#rows.push(row)
    else this.#told(this.#columns, columns => columns.take(rows, this.#rowCount))
  }

  /**
   * What was taken, as a batch.
   *
   * @throws WaymarkError `invalid` for what cannot be in one column, with the column and the row
   */
  batch(): FilledBatch {
    if (this.#columns === undefined) {
      const columns = new Columns(tableFromRows(this.#rows, undefined, this.#where).table.fields, this.#where)
      columns.take(this.#rows, 0)
      this.#columns = columns
      this.#rows = []
    }
    const filled = this.#told(this.#columns, columns => columns.batch(this.#rowCount))
    this.#rowCount += filled.batch.rowCount
    return filled
  }

  /** How the rows come back; to be asked when all are there. */
  get rows(): Pick<RowsTable, 'plans' | 'shapes'> {
    return this.#columns?.finish() ?? { plans: [], shapes: [] }
  }

  #told<Result>(columns: Columns, work: (columns: Columns) => Result): Result {
    try {
      return work(columns)
    } catch (error) {
      throw this.hasSchema ? error : withoutSchema(error)
    }
  }
}

class Columns {
  readonly fields: readonly ColumnField[]
  readonly #columns: StreamedColumn[]
  readonly #shapes: ObjectShapes
  /** Of the portion that is looked at. */
  #firstRow = 0
  #used: unknown[][] | undefined
  /** Of the batch, a list for each column. */
  #values: unknown[][]
  #shapeIds: number[] | undefined
  #rowCount = 0

  constructor(fields: readonly ColumnField[], where: string) {
    this.fields = fields
    this.#columns = fields.map(field => new StreamedColumn(field, where))
    this.#values = fields.map(() => [])
    const names = fields.map(({ name }) => name)
    this.#shapes = new ObjectShapes(names, where, 'row', index => this.#firstRow + index)
  }

  /** @param batchStart row of the table with which the batch begins */
  take(rows: readonly unknown[], batchStart: number): void {
    this.#firstRow = batchStart + this.#rowCount
    const { columns, shapeIds } = this.#shapes.gather(rows, 0, rows.length, this.#used)
    this.#used = [...columns]
    for (const [at, values] of this.#values.entries()) {
      const more = columns[at] ?? []
      for (let row = 0; row < rows.length; row++) values.push(more[row])
    }
    if (shapeIds?.some(id => id !== 0) === true) this.#shapeIds ??= new Array(this.#rowCount).fill(0)
    if (this.#shapeIds !== undefined) for (let row = 0; row < rows.length; row++) this.#shapeIds.push(shapeIds?.[row] ?? 0)
    this.#rowCount += rows.length
  }

  batch(firstRow: number): FilledBatch {
    const filled = this.#columns.map((column, at) => column.add(this.#values[at] ?? [], firstRow))
    const ids = this.#shapeIds === undefined ? undefined : Uint32Array.from(this.#shapeIds)
    const batch = { rowCount: this.#rowCount, columns: filled.map(({ data }) => data) }
    this.#values = this.fields.map(() => [])
    this.#shapeIds = undefined
    this.#rowCount = 0
    return {
      batch,
      side: {
        ...(ids === undefined ? {} : { shapeIds: packedShapeIds(ids, this.#shapes.shapes.length) }),
        ...(filled.some(({ side }) => side !== null) ? { columns: filled.map(({ side }) => side) } : {}),
      },
    }
  }

  finish(): Pick<RowsTable, 'plans' | 'shapes'> {
    return { plans: this.#columns.map(column => column.finish()), shapes: this.#shapes.shapes }
  }
}

class StreamedColumn {
  readonly #field: ColumnField
  readonly #where: string
  #plan: ColumnPlan | undefined
  #state: FillState | undefined

  constructor(field: ColumnField, where: string) {
    this.#field = field
    this.#where = where
  }

  add(values: readonly unknown[], firstRow: number): FilledColumn {
    const { name, type } = this.#field
    const column: ColumnValues = { name, values, rowOf: index => firstRow + index, where: this.#where }
    const found = planColumn(column, type)
    this.#plan = this.#plan === undefined ? found : mergedPlan(this.#plan, found, firstRow, this.#where)
    this.#state ??= { ...newFillState(this.#plan), grows: true }
    return fillColumn(this.#plan, this.#state, column, 0, values.length)
  }

  finish(): ColumnPlan {
    const { name, type } = this.#field
    const plan = this.#plan ?? planColumn({ name, values: [], rowOf: index => index, where: this.#where }, type)
    return withShapes(plan, this.#state)
  }
}

/** The rows are those of a stream whose types the first of them told. */
function withoutSchema(error: unknown): unknown {
  if (!(error instanceof WaymarkError) || error.code !== 'invalid') return error
  const { message, means, details } = error
  return new WaymarkError('invalid', {
    message,
    means,
    remedy:
      'Give the types of the columns: table(rows, { schema: { … } }). Without a schema those of a stream are told from its first 65,536 rows.',
    details,
    cause: error,
  })
}
