import { setImmediate } from 'node:timers/promises'
import { ArrowBatches, isArrowBatch } from './arrow-batches.ts'
import type { BatchSource } from './batch-source.ts'
import { alwaysChecked, checkedEvery } from './check-cells.ts'
import type { ColumnField } from './columnar.ts'
import { ownRow } from './own-row.ts'
import { checkProperties, plainRow } from './row-shapes.ts'
import { type FilledBatch, RowsInBatches } from './rows-in-batches.ts'
import { SourceSteps } from './source-steps.ts'
import { rowsPerBatch } from './table-from-rows.ts'
import type { TableStream } from './table-stream.ts'

/** Rows that are copied before they are put into columns; the batch has a multiple of it. */
const portionRows = 1024

/** The batches of what a user gave row by row, or in Arrow's batches: the first says which. A row may change as soon as the next is asked for. */
export class StreamedSource implements BatchSource {
  readonly #stream: TableStream<object>
  readonly #signal: AbortSignal | undefined
  readonly #rows: RowsInBatches
  #arrow: ArrowBatches | undefined

  /** @param signal ends it, whatever the source does */
  constructor(stream: TableStream<object>, schema: readonly ColumnField[] | undefined, signal?: AbortSignal) {
    this.#stream = stream
    this.#signal = signal
    this.#rows = new RowsInBatches(schema)
  }

  get fields(): readonly ColumnField[] {
    return this.#arrow?.fields ?? this.#rows.fields
  }

  get metadata(): ReadonlyMap<string, string> | undefined {
    return this.#arrow?.metadata
  }

  get rows(): BatchSource['rows'] {
    return this.#arrow === undefined ? this.#rows.rows : undefined
  }

  get hasSchema(): boolean {
    return this.#rows.hasSchema
  }

  /** @throws WaymarkError `invalid` with row and column for what cannot be in the table; what the user's own source throws; and the reason of the signal */
  async *batches(): AsyncIterableIterator<FilledBatch> {
    const steps = new SourceSteps(this.#stream.open(), this.#signal)
    let hasEnded = false
    try {
      yield* this.#batchesOf(steps)
      hasEnded = true
      steps.end()
    } catch (error) {
      hasEnded = true
      await steps.closeAfterError()
      throw error
    } finally {
      if (!hasEnded) await steps.close()
    }
  }

  async *#batchesOf(steps: SourceSteps<object>): AsyncIterableIterator<FilledBatch> {
    for (let index = 0, portion: object[] = []; ; index++) {
      // A source that never waits would otherwise leave nobody the time to end it.
      if (index % portionRows === portionRows - 1) await setImmediate()
      this.#signal?.throwIfAborted()
      const step = steps.next()
      const next = step instanceof Promise ? await step : step
      if (next.done === true) {
        this.#rows.take(portion)
        if (this.#arrow === undefined && index % rowsPerBatch > 0) yield this.#rows.batch()
        return
      }
      const row: unknown = next.value
      if (index === 0 && isArrowBatch(row)) this.#arrow = new ArrowBatches(this.#rows.hasSchema)
      if (this.#arrow !== undefined) {
        for (const batch of this.#arrow.add(row, index)) yield { batch, side: {} }
        continue
      }
      if (portion.push(checkedRow(row, index)) < portionRows) continue
      this.#rows.take(portion)
      portion = []
      if ((index + 1) % rowsPerBatch === 0) yield this.#rows.batch()
    }
  }
}

function checkedRow(row: unknown, index: number): object {
  const object = plainRow(row, index, '')
  const place = index % rowsPerBatch
  if (place < alwaysChecked || place % checkedEvery === 0) checkProperties(object, index, '', 'row')
  return ownRow(object)
}
