import type { ColumnData, RowBatch } from './columnar.ts'

/** However few rows they are: batches of large values are not to be many at once. */
const mostBytes = 16 * 1024 * 1024

/** Batches that wait until there are enough of them to be worked on together. */
export class GatheredBatches {
  readonly #mostRows: number
  #batches: RowBatch[] = []
  #rowCount = 0
  #bytes = 0

  /** @param mostRows are enough */
  constructor(mostRows: number) {
    this.#mostRows = mostRows
  }

  add(batch: RowBatch): void {
    this.#batches.push(batch)
    this.#rowCount += batch.rowCount
    for (const column of batch.columns) this.#bytes += bytesOf(column)
  }

  get areEnough(): boolean {
    return this.#rowCount >= this.#mostRows || this.#bytes >= mostBytes
  }

  take(): readonly RowBatch[] {
    const batches = this.#batches
    this.#batches = []
    this.#rowCount = 0
    this.#bytes = 0
    return batches
  }
}

/** Without dictionaries, which batches share. */
function bytesOf({ validity, offsets, values, typeIds, children = [] }: ColumnData): number {
  const own = [validity, offsets, values, typeIds].reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0)
  return children.reduce((sum, child) => sum + bytesOf(child), own)
}
