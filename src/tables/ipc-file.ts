import { setImmediate } from 'node:timers/promises'
import type { RecordBatch } from 'apache-arrow'
import { ArrowBuilder } from './arrow-build.ts'
import { arrowLibrary } from './arrow-library.ts'
import type { ColumnarTable, ColumnData } from './columnar.ts'

/**
 * A table as a file in Arrow's IPC format (also called Feather 2), batch by batch.
 *
 * @throws WaymarkError `unsupported` if `apache-arrow` is not installed
 */
export async function* ipcOfTable(table: ColumnarTable): AsyncIterableIterator<Uint8Array> {
  const library = arrowLibrary()
  const built = new ArrowBuilder(library).table(table)
  const { batches } = built
  // The writer says nothing of a table without batches.
  if (batches.length === 0) {
    yield library.tableToIPC(built, 'file')
    return
  }
  async function* inTurn(): AsyncIterableIterator<RecordBatch> {
    for (const batch of batches) {
      yield batch
      await setImmediate()
    }
  }
  // A file has one dictionary for a column; where there are several, it is written as a stream.
  const writer = hasSeveralDictionaries(table) ? new library.RecordBatchStreamWriter() : new library.RecordBatchFileWriter()
  const writing = writer.writeAll(inTurn())
  for await (const piece of writer) yield piece
  await writing
}

function hasSeveralDictionaries({ fields, batches }: ColumnarTable): boolean {
  return fields.some((_, at) => new Set(batches.map(({ columns }) => dictionariesOf(columns[at]))).size > 1)
}

const ids = new WeakMap<object, number>()
let lastId = 0

/** Those of a column and of what is in it, each by a number of its own. */
function dictionariesOf(column: ColumnData | undefined): string {
  if (column === undefined) return ''
  const { dictionary, children = [] } = column
  const id = dictionary === undefined ? undefined : (ids.get(dictionary) ?? ++lastId)
  if (dictionary !== undefined && id !== undefined) ids.set(dictionary, id)
  return `${id ?? ''}[${children.map(dictionariesOf).join()}]`
}
