import type { Clock } from '../model/clock.ts'
import type { WaymarkError } from '../model/errors.ts'
import type { TablePosition } from '../model/output-position.ts'
import type { ItemOutput, OutputItem, OutputProgress } from './item-target.ts'
import { onConflict } from './sql-conflict.ts'
import { quoted, type TableChoice } from './sql-options.ts'
import {
  encodeFlushes,
  encodeProgress,
  type KeptFlush,
  keepAtTheEnd,
  keepFlushes,
  type Opening,
  type OpeningFacts,
  refusedFlush,
} from './sql-progress.ts'
import { RowMaker, type RowShape, type SqlColumn, type SqlRow, valueBytes } from './sql-row.ts'
import { RefusedRow, sqliteError } from './sqlite-errors.ts'
import type { SqliteHandle } from './sqlite-handle.ts'
import type { SqliteProgress } from './sqlite-progress.ts'
import { createStatement, findColumn } from './sqlite-schema.ts'
import { type SqliteValue, sqliteValue } from './sqlite-value.ts'

export interface SqliteOutputParts extends OpeningFacts {
  readonly handle: SqliteHandle
  readonly progress: SqliteProgress
  readonly choice: TableChoice
  readonly clock: Clock
  readonly busyTimeoutMs: number
  readonly opening: Opening & { readonly columns: readonly SqlColumn[] }
}

type Row = SqlRow<SqliteValue>

/** Rows that wait in memory, and one transaction for each flush. */
export class SqliteOutput implements ItemOutput {
  readonly #parts: SqliteOutputParts
  readonly #maker: RowMaker<SqliteValue>
  readonly #texts = new WeakMap<RowShape, string>()
  /** Of the table; empty until the first row, where the table is made from the first rows. */
  #columns: readonly SqlColumn[]
  #mustCreate: boolean
  #position: TablePosition
  #flushes: readonly KeptFlush[]
  #rows: Row[] = []
  #bytes = 0
  #fault: WaymarkError | undefined

  constructor(parts: SqliteOutputParts) {
    this.#parts = parts
    const { choice, opening } = parts
    this.#columns = opening.columns
    this.#mustCreate = opening.columns.length === 0
    this.#position = opening.position
    this.#flushes = opening.flushes
    this.#maker = new RowMaker({
      ...parts,
      columns: choice.columns,
      key: choice.key,
      find: name => findColumn(this.#columns, name),
      convert: sqliteValue,
    })
  }

  get position(): TablePosition {
    return this.#position
  }

  get pendingBytes(): number {
    return this.#bytes
  }

  add(value: unknown, item: OutputItem): void {
    if (this.#fault !== undefined) throw this.#fault
    const row = this.#columns.length > 0 ? this.#maker.row(value, item) : this.#firstRow(value, item)
    this.#rows.push(row)
    this.#bytes += valueBytes(row.values)
  }

  /** The first row says which columns a table that is to be made has. */
  #firstRow(value: unknown, item: OutputItem): Row {
    const names = this.#parts.choice.columns ?? (typeof value === 'object' && value !== null ? Object.keys(value) : [])
    this.#columns = names.map(name => ({ name, type: '', generated: false }))
    try {
      return this.#maker.row(value, item)
    } catch (error) {
      this.#columns = []
      throw error
    }
  }

  async flush(progress: OutputProgress): Promise<TablePosition> {
    if (this.#fault !== undefined) throw this.#fault
    const rows = this.#rows
    this.#rows = []
    this.#bytes = 0
    const position = {
      ...this.#position,
      sequence: this.#position.sequence + 1,
      rows: this.#position.rows + rows.length,
    }
    const flushes = keepFlushes(this.#flushes, { ...position, progress: encodeProgress(progress) })
    try {
      await this.#commit(position, flushes, rows)
    } catch (error) {
      this.#fault = sqliteError(error, this.#parts)
      throw this.#fault
    }
    this.#position = position
    this.#flushes = flushes
    return position
  }

  async #commit(position: TablePosition, flushes: readonly KeptFlush[], rows: readonly Row[]): Promise<void> {
    const { handle, progress, token, target } = this.#parts
    const kept = encodeFlushes(flushes)
    const create = this.#mustCreate && rows.length > 0
    await handle.write(() => {
      const row = {
        generation: position.generation,
        target,
        token,
        sequence: position.sequence,
        rows: position.rows,
        flushes: kept,
      }
      if (!progress.advance(row, this.#position.sequence)) throw refusedFlush(progress.read(), this.#position, this.#parts)
      if (create) handle.database.exec(this.#createTable(rows))
      for (const each of rows) this.#insert(each)
    }, this.#parts)
    if (create) this.#mustCreate = false
  }

  #insert(row: Row): void {
    try {
      this.#parts.handle.statement(this.#statementFor(row.shape)).run(...row.values)
    } catch (error) {
      throw new RefusedRow(row, error)
    }
  }

  #statementFor(shape: RowShape): string {
    let text = this.#texts.get(shape)
    if (text === undefined) {
      const names = shape.columns.map(column => quoted(column.name))
      text = `INSERT INTO ${quoted(this.#parts.choice.table)} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})${onConflict(shape)}`
      this.#texts.set(shape, text)
    }
    return text
  }

  #createTable(rows: readonly Row[]): string {
    const values = rows.map(({ shape, values }) => this.#columns.map(column => values[shape.columns.indexOf(column)]))
    return createStatement(
      this.#parts.choice,
      this.#columns.map(column => column.name),
      values,
    )
  }

  /** What was committed is in the log by now: most of it need not be kept here. The row itself stays: items may be requeued. */
  async finish(): Promise<TablePosition> {
    const { handle, progress, token, target } = this.#parts
    const { generation, sequence, rows } = this.#position
    const flushes = keepAtTheEnd(this.#flushes)
    if (flushes.length === this.#flushes.length) return this.#position
    const row = { generation, target, token, sequence, rows, flushes: encodeFlushes(flushes) }
    // It would only have saved a few kilobytes.
    await handle.write(() => progress.advance(row, sequence), this.#parts).catch(() => {})
    return this.#position
  }

  async close(): Promise<void> {
    this.#rows = []
    this.#parts.handle.close()
  }
}
