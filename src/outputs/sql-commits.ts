import type { WaymarkError } from '../model/errors.ts'
import type { TablePosition } from '../model/output-position.ts'
import { FirstFault } from './first-fault.ts'
import type { OutputProgress } from './item-target.ts'
import {
  encodeFlushes,
  encodeProgress,
  type KeptFlush,
  keepAtTheEnd,
  keepFlushes,
  type Opening,
  type OpeningFacts,
  type ProgressRow,
} from './sql-progress.ts'
import { type SqlRow, valueBytes } from './sql-row.ts'

/** Writes rows into the user's table and `progress` into ours, in one transaction. */
type Commit<Value> = (progress: ProgressRow, rows: readonly SqlRow<Value>[]) => Promise<unknown>

/** Rows that wait for the next flush of a table, and what is committed there: the same for every database. */
export class SqlCommits<Value> {
  readonly #facts: OpeningFacts
  readonly #fault: FirstFault
  #position: TablePosition
  #flushes: readonly KeptFlush[]
  #rows: SqlRow<Value>[] = []
  #bytes = 0

  /** @param explain An error of the database as one for the user */
  constructor(facts: OpeningFacts, { position, flushes }: Opening, explain: (error: unknown) => WaymarkError) {
    this.#facts = facts
    this.#fault = new FirstFault(explain)
    this.#position = position
    this.#flushes = flushes
  }

  get position(): TablePosition {
    return this.#position
  }

  get pendingBytes(): number {
    return this.#bytes
  }

  /** @throws WaymarkError that of a flush that failed */
  check(): void {
    this.#fault.check()
  }

  add(row: SqlRow<Value>): void {
    this.#rows.push(row)
    this.#bytes += valueBytes(row.values)
  }

  flush(progress: OutputProgress, commit: Commit<Value>): Promise<TablePosition> {
    return this.#fault.guard(async () => {
      const rows = this.#rows
      this.drop()
      const { sequence, rows: before } = this.#position
      const position = { ...this.#position, sequence: sequence + 1, rows: before + rows.length }
      const flushes = keepFlushes(this.#flushes, { ...position, progress: encodeProgress(progress) })
      await commit(this.#rowAt(position, flushes), rows)
      this.#position = position
      this.#flushes = flushes
      return position
    })
  }

  /** What was committed is in the log by now: most of it need not be kept here. The row itself stays: items may be requeued. */
  async finish(commit: Commit<Value>): Promise<TablePosition> {
    const flushes = keepAtTheEnd(this.#flushes)
    if (flushes.length === this.#flushes.length) return this.#position
    // It would only have saved a few kilobytes.
    await commit(this.#rowAt(this.#position, flushes), []).catch(() => {})
    return this.#position
  }

  drop(): void {
    this.#rows = []
    this.#bytes = 0
  }

  #rowAt({ generation, sequence, rows }: TablePosition, flushes: readonly KeptFlush[]): ProgressRow {
    const { token, target } = this.#facts
    return { generation, target, token, sequence, rows, flushes: encodeFlushes(flushes) }
  }
}
