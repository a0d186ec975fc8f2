import type { WaymarkError } from '../model/errors.ts'
import type { TablePosition } from '../model/output-position.ts'
import type { ItemOutput, OutputItem, OutputProgress } from './item-target.ts'
import type { PostgresClient, PostgresLink } from './postgres-connection.ts'
import { isAboutARow, postgresError, RefusedRow } from './postgres-errors.ts'
import type { PostgresProgress } from './postgres-progress.ts'
import type { PostgresChoice, PostgresTable } from './postgres-schema.ts'
import { inTransaction } from './postgres-transaction.ts'
import { type PostgresValue, postgresValue } from './postgres-value.ts'
import { onConflict } from './sql-conflict.ts'
import { quoted } from './sql-options.ts'
import {
  encodeFlushes,
  encodeProgress,
  type KeptFlush,
  keepAtTheEnd,
  keepFlushes,
  type Opening,
  type OpeningFacts,
  type ProgressRow,
  refusedFlush,
} from './sql-progress.ts'
import { RowMaker, type RowShape, type SqlRow, valueBytes } from './sql-row.ts'
import { statementsOf } from './sql-statements.ts'

export interface PostgresOutputParts extends OpeningFacts {
  readonly link: PostgresLink
  readonly progress: PostgresProgress
  readonly choice: PostgresChoice
  readonly table: PostgresTable
  readonly opening: Opening
}

type Row = SqlRow<PostgresValue>

/** Rows that wait in memory, and one transaction for each flush. */
export class PostgresOutput implements ItemOutput {
  readonly #parts: PostgresOutputParts
  readonly #maker: RowMaker<PostgresValue>
  #position: TablePosition
  #flushes: readonly KeptFlush[]
  #rows: Row[] = []
  #bytes = 0
  #fault: WaymarkError | undefined

  constructor(parts: PostgresOutputParts) {
    this.#parts = parts
    const { choice, table, opening } = parts
    this.#position = opening.position
    this.#flushes = opening.flushes
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
    return this.#position
  }

  get pendingBytes(): number {
    return this.#bytes
  }

  add(value: unknown, item: OutputItem): void {
    if (this.#fault !== undefined) throw this.#fault
    const row = this.#maker.row(value, item)
    this.#rows.push(row)
    this.#bytes += valueBytes(row.values)
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
      await this.#commit(this.#rowAt(position, flushes), rows)
    } catch (error) {
      this.#fault = postgresError(error, this.#parts)
      throw this.#fault
    }
    this.#position = position
    this.#flushes = flushes
    return position
  }

  #rowAt({ generation, sequence, rows }: TablePosition, flushes: readonly KeptFlush[]): ProgressRow {
    const { token, target } = this.#parts
    return { generation, target, token, sequence, rows, flushes: encodeFlushes(flushes) }
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
      if (!(await progress.advance(client, row, this.#position.sequence))) {
        throw refusedFlush(await progress.read(client), this.#position, this.#parts)
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

  /** What was committed is in the log by now: most of it need not be kept here. The row itself stays: items may be requeued. */
  async finish(): Promise<TablePosition> {
    const flushes = keepAtTheEnd(this.#flushes)
    if (flushes.length === this.#flushes.length) return this.#position
    // It would only have saved a few kilobytes.
    await this.#transaction(this.#rowAt(this.#position, flushes), async () => {}).catch(() => {})
    return this.#position
  }

  async close(): Promise<void> {
    this.#rows = []
    await this.#parts.link.close()
  }
}
