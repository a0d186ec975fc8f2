import { columnarOfArrow, isArrowTable } from '../tables/arrow-bridge.ts'
import { QueryResult } from './query-result.ts'

/** The first rows of an Arrow table as objects that JSON can hold, and how many there are; undefined for anything else. */
export function arrowRows(
  value: unknown,
  most: number,
): { readonly rows: readonly object[]; readonly total: number } | undefined {
  if (typeof value !== 'object' || value === null || !isArrowTable(value)) return undefined
  const result = new QueryResult(columnarOfArrow(value))
  return { rows: result.objects(most), total: result.rowCount }
}
