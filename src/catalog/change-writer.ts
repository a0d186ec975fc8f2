import type { SegmentMark, StreamHead } from './catalog.ts'
import { CheckpointWriter } from './checkpoint-writer.ts'
import { keyText } from './key-text.ts'
import type { SqliteConnection, SqlRow } from './sqlite-connection.ts'
import {
  type Column,
  checksumOf,
  type EncodedRow,
  headColumns,
  headValues,
  markColumns,
  markValues,
  numberIn,
  runTable,
  stageTable,
  type ViewTable,
} from './sqlite-rows.ts'
import { readTotals, type Totals, writeTotals } from './sqlite-totals.ts'

export const selectMark = `SELECT n, ${markColumns.join(', ')}, checksum FROM mark WHERE segment = ?`
export const selectHead = `SELECT n, ${headColumns.join(', ')}, checksum FROM head WHERE stream = ?`

/** How to find, insert and change the rows of a table. */
interface Statements {
  readonly find: string
  readonly insert: string
  /** For a row whose columns stay: no index is touched. */
  readonly setBody: string
  readonly setAll: string
}

function statementsOf<View>(table: ViewTable<View>): Statements {
  const { name, columns } = table
  const key = columns.slice(0, table.keyLength).map(column => `${column} = ?`)
  return {
    find: `SELECT n, ${columns.join(', ')}, checksum FROM ${name} WHERE ${key.join(' AND ')}`,
    insert: `INSERT INTO ${name} (${columns.join(', ')}, checksum, body) VALUES (${columns.map(() => '?').join(', ')}, ?, ?)`,
    setBody: `UPDATE ${name} SET checksum = ?, body = ? WHERE n = ?`,
    setAll: `UPDATE ${name} SET ${columns.map(column => `${column} = ?`).join(', ')}, checksum = ?, body = ? WHERE n = ?`,
  }
}

const runs = statementsOf(runTable)
const stages = statementsOf(stageTable)
const insertNewStage = `${stages.insert} ON CONFLICT (run, path) DO NOTHING`

/** The writes of one transaction; keeps the totals in step. A row that stays as it is costs no page: SQLite compares before it writes. */
export class ChangeWriter {
  readonly checkpoints: CheckpointWriter
  readonly #connection: SqliteConnection
  readonly #before: Totals
  #runs: number
  #content: number

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#before = readTotals(connection)
    this.#runs = this.#before.runs
    this.#content = this.#before.content
    this.checkpoints = new CheckpointWriter(connection, this.#before.highestOrder, (removed, added) =>
      this.#count(removed, added),
    )
  }

  mark(mark: SegmentMark): void {
    this.#replacePlain('mark', markColumns, markValues(mark), selectMark)
  }

  head(stream: string, head: StreamHead): void {
    this.#replacePlain('head', headColumns, headValues(stream, head), selectHead)
  }

  run(row: EncodedRow): void {
    const before = this.#connection.get(runs.find, ...row.columns.slice(0, runTable.keyLength))
    if (this.#put(runTable, runs, row, before) === 'inserted') this.#runs += 1
  }

  /** Most are new: whether one is there is asked by inserting it. */
  stage(row: EncodedRow): void {
    if (this.#connection.inserts(insertNewStage, ...row.columns, row.checksum, row.body)) return this.#count(0, row.checksum)
    const before = this.#connection.get(stages.find, ...row.columns.slice(0, stageTable.keyLength))
    this.#put(stageTable, stages, row, before)
  }

  deleteStage(run: string, path: string): void {
    for (const row of this.#connection.all(
      'DELETE FROM stage WHERE run = ? AND path = ? RETURNING checksum',
      keyText(run),
      keyText(path),
    )) {
      this.#count(numberIn(row, 'checksum'), 0)
    }
  }

  forgetStream(stream: string): void {
    const key = keyText(stream)
    for (const row of this.#connection.all('DELETE FROM run WHERE id = ? RETURNING checksum', key)) {
      this.#runs -= 1
      this.#count(numberIn(row, 'checksum'), 0)
    }
    for (const row of this.#connection.all('DELETE FROM stage WHERE run = ? RETURNING checksum', key)) {
      this.#count(numberIn(row, 'checksum'), 0)
    }
    this.checkpoints.forget(stream)
    for (const row of this.#connection.all('DELETE FROM head WHERE stream = ? RETURNING checksum', key)) {
      this.#count(numberIn(row, 'checksum'), 0)
    }
  }

  /** The last step of the transaction. */
  finish(): void {
    this.checkpoints.finish()
    const after: Totals = {
      ...this.#before,
      runs: this.#runs,
      checkpoints: this.#before.checkpoints + this.checkpoints.added,
      highestOrder: this.checkpoints.highestOrder,
      content: this.#content,
    }
    const { runs, checkpoints, highestOrder, content } = this.#before
    if (
      after.runs === runs &&
      after.checkpoints === checkpoints &&
      after.highestOrder === highestOrder &&
      after.content === content
    )
      return
    writeTotals(this.#connection, after)
  }

  #put<View>(
    table: ViewTable<View>,
    statements: Statements,
    row: EncodedRow,
    before: SqlRow | undefined,
  ): 'inserted' | 'changed' {
    if (before === undefined) {
      this.#connection.run(statements.insert, ...row.columns, row.checksum, row.body)
      this.#count(0, row.checksum)
      return 'inserted'
    }
    const n = numberIn(before, 'n')
    const checksumBefore = numberIn(before, 'checksum')
    const moved = table.columns.some((column, index) => before[column] !== row.columns[index])
    if (moved) this.#connection.run(statements.setAll, ...row.columns, row.checksum, row.body, n)
    else this.#connection.run(statements.setBody, row.checksum, row.body, n)
    this.#count(checksumBefore, row.checksum)
    return 'changed'
  }

  #replacePlain(table: 'mark' | 'head', columns: readonly string[], values: readonly Column[], find: string): void {
    const [key = null] = values
    const checksum = checksumOf(table, values)
    const before = this.#connection.get(find, key)
    if (before === undefined) {
      const marks = columns.map(() => '?').join(', ')
      this.#connection.run(`INSERT INTO ${table} (${columns.join(', ')}, checksum) VALUES (${marks}, ?)`, ...values, checksum)
      this.#count(0, checksum)
      return
    }
    // Without the key, so that its index is not touched.
    const [, ...rest] = values
    const assignments = columns
      .slice(1)
      .map(column => `${column} = ?`)
      .join(', ')
    this.#connection.run(`UPDATE ${table} SET ${assignments}, checksum = ? WHERE n = ?`, ...rest, checksum, numberIn(before, 'n'))
    this.#count(numberIn(before, 'checksum'), checksum)
  }

  #count(removed: number, added: number): void {
    this.#content = (this.#content + added - removed) >>> 0
  }
}
