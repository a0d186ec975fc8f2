import { WaymarkError } from '../model/errors.ts'
import type { Cell, IntervalCell } from '../tables/arrow-cell.ts'
import { bigOf, isInterval } from '../tables/cell-parts.ts'
import type { ColumnType, TimeUnit } from '../tables/columnar.ts'
import { decimalText } from '../tables/decimal-units.ts'

/** Digits behind the point of a second. */
const fractionDigits = { s: 0, ms: 3, us: 6, ns: 9 } as const

/**
 * A flat value as text that loses nothing of it: numbers and decimals by their digits, dates and times in ISO 8601 (`Z` behind times that are instants), bytes in base64. Undefined for nested
 * types, which have no text of their own.
 *
 * @throws WaymarkError `invalid` for a time beyond what ISO 8601 can tell, naming the column
 */
export function cellText(type: ColumnType, cell: Exclude<Cell, null>, column: string): string | undefined {
  switch (type.kind) {
    case 'bool':
    case 'int':
    case 'utf8':
      return String(cell)
    case 'float':
      return Object.is(cell, -0) ? '-0' : String(cell)
    case 'decimal':
      return decimalText(bigOf(cell), type.scale)
    case 'binary':
    case 'fixed-binary':
      return cell instanceof Uint8Array ? Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('base64') : ''
    case 'date':
      return type.unit === 'day' ? dateText(bigOf(cell) * 86_400_000n, column) : instantText(bigOf(cell), 'ms', column)
    case 'time':
      return timeText(bigOf(cell), type.unit)
    case 'timestamp':
      return `${instantText(bigOf(cell), type.unit, column)}${type.timezone === undefined ? '' : 'Z'}`
    case 'duration':
      return `PT${secondsText(bigOf(cell), type.unit)}S`
    case 'interval':
      return isInterval(cell) ? spanText(cell) : undefined
    case 'dictionary':
      return cellText(type.values, cell, column)
    default:
      return undefined
  }
}

const spanText = ({ months, days, nanoseconds }: IntervalCell): string => `P${months}M${days}DT${secondsText(nanoseconds, 'ns')}S`

const secondsText = (value: bigint, unit: TimeUnit): string => decimalText(value, fractionDigits[unit])

function dateText(ms: bigint, column: string): string {
  return dateOf(ms, column).toISOString().split('T')[0] ?? ''
}

function instantText(value: bigint, unit: TimeUnit, column: string): string {
  const perSecond = 10n ** BigInt(fractionDigits[unit])
  const rest = ((value % perSecond) + perSecond) % perSecond
  const whole = dateOf(((value - rest) / perSecond) * 1000n, column)
    .toISOString()
    .slice(0, -5)
  return unit === 's' ? whole : `${whole}.${String(rest).padStart(fractionDigits[unit], '0')}`
}

function timeText(value: bigint, unit: TimeUnit): string {
  const perSecond = 10n ** BigInt(fractionDigits[unit])
  const seconds = value / perSecond
  const two = (number: bigint): string => String(number).padStart(2, '0')
  const clock = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`
  return unit === 's' ? clock : `${clock}.${String(value % perSecond).padStart(fractionDigits[unit], '0')}`
}

function dateOf(ms: bigint, column: string): Date {
  const date = new Date(Number(ms))
  if (!Number.isNaN(date.getTime())) return date
  throw new WaymarkError('invalid', {
    message: `the column ${column} holds a time of ${ms} milliseconds since 1970, which has no form in ISO 8601`,
    means: 'No file was written; the store was not changed.',
    remedy: 'Export it as arrow or parquet.',
    details: { column },
  })
}
