import type { ColumnType } from './columnar.ts'

/** What the values are, where a dictionary is only how they are held. */
export function plainType(type: ColumnType): ColumnType {
  return type.kind === 'dictionary' ? plainType(type.values) : type
}
