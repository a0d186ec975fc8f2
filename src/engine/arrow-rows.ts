import { columnarOfArrow, isArrowTable } from '../tables/arrow-bridge.ts'
import { type QueryColumn, QueryResult } from './query-result.ts'

/** The first rows of an Arrow table as objects that JSON can hold, how many there are, and its columns; undefined for anything else. */
export function arrowRows(
  value: unknown,
  most: number,
): { readonly rows: readonly object[]; readonly total: number; readonly columns: readonly QueryColumn[] } | undefined {
  if (typeof value !== 'object' || value === null || !isArrowTable(value)) return undefined
  const result = new QueryResult(columnarOfArrow(value))
  return { rows: result.objects(most), total: result.rowCount, columns: result.columns }
}
