import { type ProgressName, type ProgressRow, progressTable } from './sql-progress.ts'
import type { SqliteHandle } from './sqlite-handle.ts'

const create = `CREATE TABLE IF NOT EXISTS ${progressTable} (
  store TEXT NOT NULL, run TEXT NOT NULL, stage TEXT NOT NULL,
  generation TEXT NOT NULL, target TEXT NOT NULL, token INTEGER NOT NULL,
  sequence INTEGER NOT NULL, row_count INTEGER NOT NULL, flushes BLOB NOT NULL,
  PRIMARY KEY (store, run, stage)
) WITHOUT ROWID`

/** Our row in a SQLite database. Every method is called inside a transaction. */
export class SqliteProgress {
  readonly #handle: SqliteHandle
  readonly #name: readonly [store: string, run: string, stage: string]

  constructor(handle: SqliteHandle, { store, run, stage }: ProgressName) {
    this.#handle = handle
    this.#name = [store, run, stage]
  }

  createTable(): void {
    this.#handle.database.exec(create)
  }

  read(): ProgressRow | undefined {
    const row = this.#handle
      .statement(
        `SELECT generation, target, token, sequence, row_count, flushes FROM ${progressTable} WHERE store = ? AND run = ? AND stage = ?`,
      )
      .get(...this.#name)
    if (row === undefined) return undefined
    return {
      generation: String(row['generation']),
      target: String(row['target']),
      token: Number(row['token']),
      sequence: Number(row['sequence']),
      rows: Number(row['row_count']),
      flushes: row['flushes'] instanceof Uint8Array ? row['flushes'] : new Uint8Array(),
    }
  }

  put(row: ProgressRow): void {
    this.#handle
      .statement(
        `INSERT OR REPLACE INTO ${progressTable} (store, run, stage, generation, target, token, sequence, row_count, flushes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(...this.#name, row.generation, row.target, row.token, row.sequence, row.rows, row.flushes)
  }

  /** Puts `row` in the place of the one that has its generation, its token and `sequence`. False if that is not there: nothing is then changed. */
  advance(row: ProgressRow, sequence: number): boolean {
    const { changes } = this.#handle
      .statement(
        `UPDATE ${progressTable} SET sequence = ?, row_count = ?, flushes = ? WHERE store = ? AND run = ? AND stage = ? AND generation = ? AND token = ? AND sequence = ?`,
      )
      .run(row.sequence, row.rows, row.flushes, ...this.#name, row.generation, row.token, sequence)
    return Number(changes) === 1
  }
}
