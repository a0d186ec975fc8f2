import type { FixedColumn } from './canonical-column.ts'
import type { ColumnType, TimeUnit } from './columnar.ts'
import { decimalText } from './decimal-units.ts'

const longestText = 60
const unitsPerSecond: Record<TimeUnit, bigint> = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n }
const fractionDigits: Record<TimeUnit, number> = { s: 0, ms: 3, us: 6, ns: 9 }
const decoder = new TextDecoder()

/**
 * A value for people and for JSON: integers as they are, those beyond 2^53 and decimals as their digits, dates and times as ISO 8601 (timestamps with a zone in UTC, with a `Z`).
 */
export function factValue({ bytes, width }: FixedColumn, type: ColumnType, row: number): number | string {
  const integer = integerAt(bytes, width, row, !(type.kind === 'int' && !type.signed))
  switch (type.kind) {
    case 'decimal':
      return decimalText(integer, type.scale)
    case 'date':
      return type.unit === 'day' ? dayText(integer) : instantText(integer, 'ms').replace(/T00:00:00$/, '')
    case 'timestamp':
      return instantText(integer, type.unit) + (type.timezone === undefined ? '' : 'Z')
    case 'time':
      return instantText(integer, type.unit).slice('1970-01-01T'.length)
    default:
      return Number.isSafeInteger(Number(integer)) ? Number(integer) : String(integer)
  }
}

function integerAt(bytes: Uint8Array, width: number, row: number, isSigned: boolean): bigint {
  let value = 0n
  for (let at = width - 1; at >= 0; at--) value = value * 256n + BigInt(bytes[row * width + at] ?? 0)
  return isSigned ? BigInt.asIntN(8 * width, value) : value
}

function dayText(days: bigint): string {
  return instantText(days * 86_400n, 's').replace(/T.*/, '')
}

/** Without zone. What JavaScript's dates do not reach is told in units since 1970. */
function instantText(count: bigint, unit: TimeUnit): string {
  const perSecond = unitsPerSecond[unit]
  const seconds = (count - (((count % perSecond) + perSecond) % perSecond)) / perSecond
  const date = new Date(Number(seconds) * 1000)
  if (Number.isNaN(date.getTime())) return `${count} ${unit} since 1970`
  const fraction = count - seconds * perSecond
  const text = date.toISOString().slice(0, -'.000Z'.length)
  return fraction === 0n ? text : `${text}.${String(fraction).padStart(fractionDigits[unit], '0')}`
}

/** Text of up to 60 characters, a longer one ending in `…`. */
export function shortText(bytes: Uint8Array): string {
  const text = decoder.decode(bytes)
  const characters = text.length <= longestText ? [] : [...text.slice(0, 2 * longestText + 2)]
  return characters.length <= longestText ? text : `${characters.slice(0, longestText - 1).join('')}…`
}
