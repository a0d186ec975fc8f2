import type { FixedColumn } from './canonical-column.ts'
import type { ColumnType } from './columnar.ts'
import { littleEndianView } from './little-endian-view.ts'

const usPerUnit = { s: 1e6, ms: 1e3, us: 1, ns: 1e-3 }

export type TimeType = ColumnType & { readonly kind: 'date' | 'timestamp' }

export function isTimeType(type: ColumnType): type is TimeType {
  return type.kind === 'date' || type.kind === 'timestamp'
}

/** The times of a column in microseconds since 1970, in UTC, nulls left out, nanoseconds cut. */
export function columnTimes({ bytes, rowCount, present, width }: FixedColumn, type: TimeType): Float64Array {
  const words = littleEndianView(Int32Array, bytes)
  const scale = type.kind === 'date' ? (type.unit === 'day' ? 86_400e6 : 1e3) : usPerUnit[type.unit]
  const times = new Float64Array(rowCount)
  let count = 0
  for (let row = 0; row < rowCount; row++) {
    if (present !== undefined && present[row] === 0) continue
    const value = width === 4 ? (words[row] ?? 0) : (words[2 * row + 1] ?? 0) * 2 ** 32 + ((words[2 * row] ?? 0) >>> 0)
    times[count++] = scale === 1e-3 ? Math.floor(value / 1000) : value * scale
  }
  return times.subarray(0, count)
}

/** Of timestamps with a zone the local times, with the offset that it has at each of them: a day is a day also where clocks are put forward and back. */
export function localTimes(times: Float64Array, type: TimeType): Float64Array {
  const offsetAt = zoneOffset(type)
  return offsetAt === undefined ? times : times.map(time => time + offsetAt(time))
}

/** Microseconds ahead of UTC, asked once for each hour and remembered; nothing for UTC, fixed offsets and unknown zones. */
function zoneOffset(type: TimeType): ((time: number) => number) | undefined {
  const zone = type.kind === 'timestamp' ? type.timezone : undefined
  if (zone === undefined || /^(Etc\/)?(UTC|GMT|Z)$|^[+-]/i.test(zone)) return
  const format = zoneFormat(zone)
  if (format === undefined) return
  const known = new Map<number, number>()
  return time => {
    const hour = Math.floor(time / 3600e6)
    const offset = known.get(hour) ?? offsetOf(format, hour * 3_600_000)
    if (known.size < 1e5) known.set(hour, offset)
    return offset
  }
}

const formats = new Map<string, Intl.DateTimeFormat>()

function zoneFormat(zone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(zone)
  if (known !== undefined) return known
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' })
    if (formats.size < 100) formats.set(zone, format)
    return format
  } catch {
    return
  }
}

function offsetOf(format: Intl.DateTimeFormat, timeMs: number): number {
  if (Math.abs(timeMs) > 8.64e15) return 0
  const text = format.formatToParts(timeMs).find(part => part.type === 'timeZoneName')?.value ?? ''
  const [, sign = '+', hours = '0', minutes = '0'] = /GMT([+-])(\d+):(\d+)/.exec(text) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600e6 + Number(minutes) * 60e6)
}
