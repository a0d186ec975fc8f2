import { parquetOfTable } from '../outputs/parquet-table.ts'
import { csvOfTable, jsonLinesOfTable } from '../outputs/table-lines.ts'
import type { ReadableTable } from '../tables/batch-source.ts'
import { ipcOfTable } from '../tables/ipc-file.ts'

/** Forms of a file that hold one table. */
export type TableFormat = 'parquet' | 'csv' | 'arrow' | 'jsonl'

/** The bytes of such a file, piece by piece. @throws WaymarkError for what the form cannot hold, naming the column */
export function tableBytes(table: ReadableTable, format: TableFormat): AsyncIterable<Uint8Array> {
  switch (format) {
    case 'parquet':
      return parquetOfTable(table)
    case 'csv':
      return csvOfTable(table)
    case 'arrow':
      return ipcOfTable(table)
    case 'jsonl':
      return jsonLinesOfTable(table)
  }
}
