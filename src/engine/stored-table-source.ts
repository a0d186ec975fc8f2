import type { TableStreamReader } from '../format/table-stream-reader.ts'
import type { BatchSource } from '../tables/batch-source.ts'
import type { ColumnField } from '../tables/columnar.ts'
import type { ReadTableHead } from '../tables/read-stored-table.ts'
import type { FilledBatch } from '../tables/rows-in-batches.ts'
import type { TableStream } from '../tables/table-stream.ts'

/** Opens the bytes of a table. */
export type OpenTable = () => { readonly reader: TableStreamReader; readonly head: Promise<ReadTableHead> }

/** A table of a checkpoint, to be saved again: its columns go over as they are, with their types. */
export class StoredTableSource implements BatchSource {
  readonly #open: OpenTable
  #head: ReadTableHead | undefined

  constructor(open: OpenTable) {
    this.#open = open
  }

  get fields(): readonly ColumnField[] {
    return this.#head?.fields ?? []
  }

  get metadata(): ReadonlyMap<string, string> | undefined {
    return this.#head?.metadata
  }

  get rows(): BatchSource['rows'] {
    return this.#head === undefined ? { plans: [], shapes: [] } : this.#head.rows
  }

  get hasSchema(): boolean {
    return this.#head?.hasSchema === true
  }

  async *batches(): AsyncIterableIterator<FilledBatch> {
    const { reader, head } = this.#open()
    this.#head = await head
    yield* reader.batches()
  }
}

const sources = new WeakMap<TableStream<object>, OpenTable>()

/** Says where the rows of a stream are kept. */
export function noteStored(stream: TableStream<object>, open: OpenTable): void {
  sources.set(stream, open)
}

/** Where its rows are kept; undefined for a stream that was not loaded. */
export const storedAs = (stream: TableStream<object>): OpenTable | undefined => sources.get(stream)
