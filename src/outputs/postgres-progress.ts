import type { PostgresClient } from './postgres-connection.ts'
import { field, progressTableIn } from './postgres-schema.ts'
import type { ProgressName, ProgressRow } from './sql-progress.ts'

/** Our row in a PostgreSQL database. Every method is called inside a transaction. */
export class PostgresProgress {
  readonly #table: string
  readonly #name: readonly [store: string, run: string, stage: string]

  constructor(schema: string, { store, run, stage }: ProgressName) {
    this.#table = progressTableIn(schema)
    this.#name = [store, run, stage]
  }

  /** Lets one owner at a time look for the row and make it: a row that is not there yet cannot be locked. */
  async lock(client: PostgresClient): Promise<void> {
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [JSON.stringify(this.#name)])
  }

  /** Locks it too: who has an older token waits, and then finds the newer one. */
  async read(client: PostgresClient): Promise<ProgressRow | undefined> {
    const { rows } = await client.query(
      `SELECT generation, target, token, sequence, row_count, flushes FROM ${this.#table}
       WHERE store = $1 AND run = $2 AND stage = $3 FOR UPDATE`,
      [...this.#name],
    )
    const [row] = rows
    if (row === undefined) return undefined
    return {
      generation: field(row, 'generation'),
      target: field(row, 'target'),
      token: Number(field(row, 'token')),
      sequence: Number(field(row, 'sequence')),
      rows: Number(field(row, 'row_count')),
      flushes: bytesOf(row),
    }
  }

  async put(client: PostgresClient, row: ProgressRow): Promise<void> {
    await client.query(
      `INSERT INTO ${this.#table} (store, run, stage, generation, target, token, sequence, row_count, flushes)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (store, run, stage) DO UPDATE SET generation = excluded.generation, target = excluded.target,
         token = excluded.token, sequence = excluded.sequence, row_count = excluded.row_count, flushes = excluded.flushes`,
      [...this.#name, row.generation, row.target, row.token, row.sequence, row.rows, Buffer.from(row.flushes)],
    )
  }

  /** Puts `row` in the place of the one that has its generation, its token and `sequence`, and locks it. False if that is not there: nothing is then changed. */
  async advance(client: PostgresClient, row: ProgressRow, sequence: number): Promise<boolean> {
    const { rowCount } = await client.query(
      `UPDATE ${this.#table} SET sequence = $4, row_count = $5, flushes = $6
       WHERE store = $1 AND run = $2 AND stage = $3 AND generation = $7 AND token = $8 AND sequence = $9`,
      [...this.#name, row.sequence, row.rows, Buffer.from(row.flushes), row.generation, row.token, sequence],
    )
    return rowCount === 1
  }
}

function bytesOf(row: unknown): Uint8Array {
  const bytes: unknown = typeof row === 'object' && row !== null ? Reflect.get(row, 'flushes') : undefined
  return bytes instanceof Uint8Array ? bytes : new Uint8Array()
}
