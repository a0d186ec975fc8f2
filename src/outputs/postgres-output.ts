import type { TablePosition } from '../model/output-position.ts'
import type { ItemOutput, OutputItem, OutputProgress } from './item-target.ts'
import type { PostgresClient, PostgresLink } from './postgres-connection.ts'
import { isAboutARow, postgresError, RefusedRow } from './postgres-errors.ts'
import type { PostgresProgress } from './postgres-progress.ts'
import type { PostgresChoice, PostgresTable } from './postgres-schema.ts'
import { inTransaction } from './postgres-transaction.ts'
import { type PostgresValue, postgresValue } from './postgres-value.ts'
import { SqlCommits } from './sql-commits.ts'
import { onConflict } from './sql-conflict.ts'
import { quoted } from './sql-options.ts'
import { type Opening, type OpeningFacts, type ProgressRow, refusedFlush } from './sql-progress.ts'
import { RowMaker, type RowShape, type SqlRow } from './sql-row.ts'
import { statementsOf } from './sql-statements.ts'

export interface PostgresOutputParts extends OpeningFacts {
  readonly link: PostgresLink
  readonly progress: PostgresProgress
  readonly choice: PostgresChoice
  readonly table: PostgresTable
  readonly opening: Opening
}

type Row = SqlRow<PostgresValue>

/** One transaction for each flush. */
export class PostgresOutput implements ItemOutput {
  readonly #parts: PostgresOutputParts
  readonly #maker: RowMaker<PostgresValue>
  readonly #commits: SqlCommits<PostgresValue>

  constructor(parts: PostgresOutputParts) {
    this.#parts = parts
    const { choice, table, opening } = parts
    this.#commits = new SqlCommits(parts, opening, error => postgresError(error, parts))
    const columns = new Map(table.columns.map(column => [column.name, column]))
    this.#maker = new RowMaker({
      ...parts,
      columns: choice.columns,
      key: choice.key,
      find: name => columns.get(name),
      convert: (value, column) => postgresValue(value, column.type),
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
    this.#commits.add(this.#maker.row(value, item))
  }

  flush(progress: OutputProgress): Promise<TablePosition> {
    return this.#commits.flush(progress, (row, rows) => this.#commit(row, rows))
  }

  async #commit(progress: ProgressRow, rows: readonly Row[]): Promise<void> {
    const keyed = this.#parts.choice.key.length > 0
    try {
      await this.#transaction(progress, async client => {
        for (const statement of statementsOf(rows, keyed)) await this.#insert(client, statement.shape, statement.rows)
      })
    } catch (error) {
      if (!isAboutARow(error)) throw error
      // Which of many rows was refused the server does not say; and two rows that only the server takes for the same key can be written one after the other.
      await this.#transaction(progress, async client => {
        for (const row of rows) {
          try {
            await this.#insert(client, row.shape, [row])
          } catch (cause) {
            throw isAboutARow(cause) ? new RefusedRow(row, cause) : cause
          }
        }
      })
    }
  }

  /** Progress first: it is the guard, and locks out everybody else until the end. */
  #transaction(row: ProgressRow, write: (client: PostgresClient) => Promise<void>): Promise<void> {
    const { link, progress } = this.#parts
    return inTransaction(link, async client => {
      if (!(await progress.advance(client, row, this.position.sequence))) {
        throw refusedFlush(await progress.read(client), this.position, this.#parts)
      }
      await write(client)
    })
  }

  async #insert(client: PostgresClient, shape: RowShape, rows: readonly Row[]): Promise<void> {
    const values: PostgresValue[] = []
    const tuples = rows.map(row => `(${row.values.map(value => `$${values.push(value)}`).join(',')})`)
    const names = shape.columns.map(column => quoted(column.name)).join(', ')
    await client.query(`INSERT INTO ${this.#parts.table.name} (${names}) VALUES ${tuples.join(',')}${onConflict(shape)}`, values)
  }

  finish(): Promise<TablePosition> {
    return this.#commits.finish(row => this.#transaction(row, async () => {}))
  }

  async close(): Promise<void> {
    this.#commits.drop()
    await this.#parts.link.close()
  }
}
