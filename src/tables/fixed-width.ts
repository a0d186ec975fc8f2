import type { ColumnType } from './columnar.ts'

/** Bytes of a value of types that have a fixed number of them; a bool counts as one byte. */
export function fixedWidth(type: ColumnType): number | undefined {
  switch (type.kind) {
    case 'bool':
      return 1
    case 'int':
    case 'float':
    case 'decimal':
      return type.bits / 8
    case 'fixed-binary':
      return type.bytes
    case 'date':
      return type.unit === 'day' ? 4 : 8
    case 'time':
      return type.unit === 's' || type.unit === 'ms' ? 4 : 8
    case 'timestamp':
    case 'duration':
      return 8
    case 'interval':
      return { 'year-month': 4, 'day-time': 8, 'month-day-nano': 16 }[type.unit]
    default:
      return
  }
}
