import type { Clock } from '../model/clock.ts'
import type { TablePosition } from '../model/output-position.ts'
import type { ItemOutput, OutputItem, OutputProgress } from './item-target.ts'
import { SqlCommits } from './sql-commits.ts'
import { onConflict } from './sql-conflict.ts'
import { quoted, type TableChoice } from './sql-options.ts'
import { type Opening, type OpeningFacts, type ProgressRow, refusedFlush } from './sql-progress.ts'
import { RowMaker, type RowShape, type SqlColumn, type SqlRow } from './sql-row.ts'
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

/** One transaction for each flush. */
export class SqliteOutput implements ItemOutput {
  readonly #parts: SqliteOutputParts
  readonly #maker: RowMaker<SqliteValue>
  readonly #texts = new WeakMap<RowShape, string>()
  /** Of the table; empty until the first row, where the table is made from the first rows. */
  #columns: readonly SqlColumn[]
  #mustCreate: boolean
  readonly #commits: SqlCommits<SqliteValue>

  constructor(parts: SqliteOutputParts) {
    this.#parts = parts
    const { choice, opening } = parts
    this.#columns = opening.columns
    this.#mustCreate = opening.columns.length === 0
    this.#commits = new SqlCommits(parts, opening, error => sqliteError(error, parts))
    this.#maker = new RowMaker({
      ...parts,
      columns: choice.columns,
      key: choice.key,
      find: name => findColumn(this.#columns, name),
      convert: sqliteValue,
    })
  }

  get position(): TablePosition {
    return this.#commits.position
  }

  get pendingBytes(): number {
    return this.#commits.pendingBytes
  }

  add(value: unknown, item: OutputItem): void {
    this.#commits.check()
    this.#commits.add(this.#columns.length > 0 ? this.#maker.row(value, item) : this.#firstRow(value, item))
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

  flush(progress: OutputProgress): Promise<TablePosition> {
    return this.#commits.flush(progress, (row, rows) => this.#commit(row, rows))
  }

  async #commit(row: ProgressRow, rows: readonly Row[]): Promise<void> {
    const { handle, progress } = this.#parts
    const create = this.#mustCreate && rows.length > 0
    await handle.write(() => {
      if (!progress.advance(row, this.position.sequence)) throw refusedFlush(progress.read(), this.position, this.#parts)
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

  finish(): Promise<TablePosition> {
    return this.#commits.finish(row => this.#commit(row, []))
  }

  async close(): Promise<void> {
    this.#commits.drop()
    this.#parts.handle.close()
  }
}
