import { WaymarkError } from '../model/errors.ts'
import { tableOfCsv } from '../outputs/csv-table.ts'
import type { InputFile } from '../outputs/input-file.ts'
import { ColumnarHolder } from '../tables/columnar-holder.ts'
import { tableOfIpc } from '../tables/ipc-table.ts'
import { markTable } from '../tables/table-mark.ts'
import type { TableSchema } from '../tables/table-schema.ts'
import type { StoreCore } from './store-core.ts'

export interface TableFile {
  readonly file: InputFile
  /** Absolute. */
  readonly path: string
  readonly shown: string
  readonly report: (done: number) => void
  /** Types of columns of a CSV file that the caller named. */
  readonly schema?: TableSchema | undefined
}

/** Arrow's files are read as a whole. */
const mostIpcBytes = 2 ** 31 - 1

/**
 * The table in a file, marked as one, as it is saved: of Arrow files as an Arrow table, of CSV files as rows.
 *
 * @throws WaymarkError `invalid` naming the file and what is wrong with it, `unsupported` for types that cannot be kept or if `apache-arrow` is needed and not installed
 */
export async function importedTable(
  core: StoreCore,
  format: 'csv' | 'arrow',
  { file, path, shown, report, schema: asked }: TableFile,
): Promise<object> {
  const { size } = await file.stat()
  if (size === 0 && format !== 'csv') throw emptyFile(shown)
  if (format === 'csv') {
    const { rows, schema, order } = await tableOfCsv(core.files, path, shown, asked)
    if (Object.keys(schema).length === 0) throw noRows(shown)
    markTable(rows, { schema, order })
    report(size)
    return rows
  }
  if (size > mostIpcBytes) throw tooLong(shown)
  const table = new ColumnarHolder(tableOfIpc(await file.read(0, size), shown))
  markTable(table, { schema: undefined })
  report(size)
  return table
}

const noRows = (shown: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${shown} has no rows, so that nobody can tell the types of its columns`,
    means: 'Nothing was saved.',
    remedy: 'Import a file with rows, or one that says its types: Parquet or Arrow.',
    details: { file: shown },
  })

export const emptyFile = (shown: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${shown} is empty: it has no byte`,
    means: 'Nothing was saved.',
    remedy: 'Write the file again; what wrote it has perhaps stopped.',
    details: { file: shown },
  })

const tooLong = (shown: string): WaymarkError =>
  new WaymarkError('limit', {
    message: `${shown} is longer than the 2 GiB that can be read as one Arrow file`,
    means: 'Nothing was saved.',
    remedy: 'Write it as Parquet, which is read group by group.',
    details: { file: shown },
  })
