import type { CheckpointRecord } from '../model/checkpoint.ts'
import { openParquetTable } from '../outputs/parquet-table-reader.ts'
import type { BatchSource } from '../tables/batch-source.ts'
import type { FilledBatch } from '../tables/rows-in-batches.ts'
import { emptyFile, type TableFile } from './import-table.ts'
import { type SaveLabels, saveContent } from './save-checkpoint.ts'
import type { StoreCore } from './store-core.ts'
import { batchesContent } from './table-stream-content.ts'

/** A table of more rows is loaded as a `TableStream`, as it may be more than memory holds; one of fewer as an Arrow table. */
const mostRowsAtOnce = 1 << 20

/**
 * Saves the table in a Parquet file, a row group at a time.
 *
 * @throws WaymarkError `invalid` naming the file and what is wrong with it, `unsupported` for types that cannot be kept; nothing is saved then
 */
export async function importParquet(
  core: StoreCore,
  { file, path, shown, report }: TableFile,
  labels: SaveLabels,
): Promise<CheckpointRecord> {
  const { size } = await file.stat()
  if (size === 0) throw emptyFile(shown)
  const onProgress = (rows: number, of: number): void => report(Math.round((size * rows) / Math.max(1, of)))
  const table = await openParquetTable({ files: core.files, path, shown, onProgress })
  try {
    async function* batches(): AsyncIterableIterator<FilledBatch> {
      for await (const batch of table.batches()) yield { batch, side: {} }
    }
    const { fields, metadata, rowCount, check } = table
    const source: BatchSource = { batches, fields, metadata, rows: undefined, hasSchema: false }
    const content = batchesContent(core, source, { asStream: rowCount > mostRowsAtOnce, check })
    const checkpoint = await saveContent(core, content, labels)
    report(size)
    return checkpoint
  } finally {
    await table.close()
  }
}
