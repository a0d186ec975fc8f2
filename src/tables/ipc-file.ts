import { setImmediate } from 'node:timers/promises'
import type { RecordBatch } from 'apache-arrow'
import { arrowBatchesOf } from './arrow-bridge.ts'
import { ArrowBuilder } from './arrow-build.ts'
import { arrowLibrary } from './arrow-library.ts'
import type { ReadableTable } from './batch-source.ts'
import type { ColumnData, ColumnType } from './columnar.ts'
import { childType } from './stored-table.ts'

/**
 * A table as a file in Arrow's IPC format (also called Feather 2), batch by batch.
 *
 * @throws WaymarkError `unsupported` if `apache-arrow` is not installed
 */
export async function* ipcOfTable(table: ReadableTable): AsyncIterableIterator<Uint8Array> {
  const library = arrowLibrary()
  // The writer says nothing of a table without batches.
  if (table.rowCount === 0) {
    const { fields, metadata } = table
    const columns = { fields, ...(metadata === undefined ? {} : { metadata }), batches: [], rowCount: 0 }
    yield library.tableToIPC(new ArrowBuilder(library).table(columns), 'file')
    return
  }
  async function* inTurn(): AsyncIterableIterator<RecordBatch> {
    for await (const batch of arrowBatchesOf(table)) {
      yield batch
      await setImmediate()
    }
  }
  // A file has one dictionary for a column; where there are several, it is written as a stream.
  const writer = mayHaveSeveralDictionaries(table) ? new library.RecordBatchStreamWriter() : new library.RecordBatchFileWriter()
  const writing = writer.writeAll(inTurn())
  // Said by whoever reads, below.
  writing.catch(() => {})
  for await (const piece of writer) yield piece
  await writing
}

/** Of batches that are not there yet nobody knows. */
function mayHaveSeveralDictionaries({ fields, batches }: ReadableTable): boolean {
  if (!(Symbol.iterator in batches)) return fields.some(({ type }) => hasDictionary(type))
  const all = [...batches]
  return fields.some((_, at) => new Set(all.map(({ columns }) => dictionariesOf(columns[at]))).size > 1)
}

function hasDictionary(type: ColumnType): boolean {
  if (type.kind === 'dictionary') return true
  for (let at = 0; ; at++) {
    const child = childType(type, at)
    if (child === undefined) return false
    if (hasDictionary(child)) return true
    if (type.kind !== 'struct' && type.kind !== 'union') return false
  }
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
