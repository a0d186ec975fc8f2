import type { ColumnType } from './columnar.ts'

/** Types of columns by name, in the order the columns are to have: a short name (`'int64'`, `'utf8'`, `'timestamp[ms, UTC]'` …) or the type itself. */
export type TableSchema = Readonly<Record<string, string | ColumnType>>
