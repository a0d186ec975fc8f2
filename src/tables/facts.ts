import type { ColumnFacts, TableFacts, TimeFacts } from '../model/table-facts.ts'
import { canonicalColumn } from './canonical-column.ts'
import { ColumnFactsCounter } from './column-facts-counter.ts'
import { ColumnSpace } from './column-space.ts'
import type { ColumnarTable, ColumnField } from './columnar.ts'
import { isTimeType } from './facts-times.ts'
import { plainType } from './plain-type.ts'
import type { Scratch } from './scratch.ts'

export type { ColumnFacts, TableFacts, TimeFacts }

/**
 * The shape of a table and what its columns hold.
 *
 * @param table Valid: its buffers hold what its counts and offsets say.
 * @example
 * tableFacts(prices).time // { column: 'date', from: '2024-01-02', to: '2024-12-31', frequency: 'business daily', missingSteps: 9 }
 */
export function tableFacts(table: ColumnarTable): TableFacts {
  const counter = new TableFactsCounter(table.fields)
  counter.add(table)
  return counter.result()
}

/** The same facts, of a table that comes in parts. */
export class TableFactsCounter {
  readonly #columns: readonly ColumnFactsCounter[]
  readonly #space = new ColumnSpace()
  #rows = 0

  constructor(fields: readonly ColumnField[]) {
    const timeAt = fields.findIndex(({ type }) => isTimeType(plainType(type)))
    this.#columns = fields.map((field, at) => new ColumnFactsCounter(field, at === timeAt))
  }

  /** The rows that follow. */
  add(part: ColumnarTable): void {
    this.#rows += part.rowCount
    // One column after the other: each is valid until the next is made in the same memory.
    for (const [at, counter] of this.#columns.entries()) counter.add(canonicalColumn(part, at, this.#space))
  }

  /** Puts what would be too much for memory into a scratch. */
  async spill(scratch: Scratch): Promise<void> {
    for (const counter of this.#columns) await counter.spill(scratch)
  }

  result(): TableFacts {
    return this.#facts(this.#columns.map(counter => counter.time()))
  }

  /** The same, where something may be in the scratch. */
  async resultOfAll(): Promise<TableFacts> {
    return this.#facts(await Promise.all(this.#columns.map(counter => counter.timeOfAll())))
  }

  #facts(times: readonly (TimeFacts | undefined)[]): TableFacts {
    const columns = this.#columns.map(counter => counter.facts(this.#rows))
    const time = times.find(found => found !== undefined)
    return { rows: this.#rows, columns, ...(time && { time }) }
  }
}
