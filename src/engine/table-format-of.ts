import type { TableFormat } from './table-bytes.ts'

/** The form of a table that the name of a file says. */
export function tableFormatOf(file: string): TableFormat | undefined {
  if (/\.parquet$/i.test(file)) return 'parquet'
  if (/\.csv$/i.test(file)) return 'csv'
  if (/\.(arrow|feather)$/i.test(file)) return 'arrow'
  return /\.(jsonl|ndjson)$/i.test(file) ? 'jsonl' : undefined
}
