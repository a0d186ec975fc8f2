/** What texts of a column are, and the value of each. */
export interface CsvColumnKind {
  /** As a schema says it. */
  readonly type: string
  readonly fits: (text: string) => boolean
  readonly value: (text: string) => unknown
}

const whole = /^-?(0|[1-9]\d*)$/
/** Digits of a whole number that fit int64 whichever they are, the sign among them. */
const alwaysInt64 = 18
const day = /^(\d{4})-(\d\d)-(\d\d)$/
const time = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3}0*)?$/
/** Of up to 15 digits, between a thousandth and 10^15, without a zero at its end: what always prints back as it is written. */
const plainNumber = /^-?(?:[1-9]\d{0,7}(?:\.\d{0,6}[1-9])?|0\.(?=\d?\d?[1-9])\d{0,13}[1-9]|0)$/

/** In the order in which they are tried. */
const kinds: readonly CsvColumnKind[] = [
  { type: 'bool', fits: text => text === 'true' || text === 'false', value: text => text === 'true' },
  {
    type: 'int64',
    fits: text =>
      whole.test(text) && text !== '-0' && (text.length <= alwaysInt64 || BigInt.asIntN(64, BigInt(text)) === BigInt(text)),
    value: text => BigInt(text),
  },
  { type: 'float64', fits: printsBack, value: text => Number(text) },
  { type: 'date', fits: isDay, value: text => new Date(`${text}T00:00:00Z`) },
  { type: 'timestamp[ms]', fits: isTime, value: text => new Date(`${text}Z`) },
  {
    type: 'timestamp[ms, UTC]',
    fits: text => text.endsWith('Z') && isTime(text.slice(0, -1)),
    value: text => new Date(text),
  },
]

/**
 * The first kind that all texts fit; undefined where none does (they stay text), or there are none.
 *
 * @example
 * csvColumnKind(['1', '-2'])?.type // int64
 * csvColumnKind(['1.5', '1.50']) // undefined: as a number the second would be another text
 */
export function csvColumnKind(texts: readonly string[]): CsvColumnKind | undefined {
  return texts.length === 0 ? undefined : kinds.find(({ fits }) => texts.every(fits))
}

/** Whether the number prints exactly this text: what `1e5`, `1.10` and `007` say beside their size would be lost. */
function printsBack(text: string): boolean {
  if (plainNumber.test(text) || text === '-0') return true
  const number = Number(text)
  return String(number) === text && (!Number.isNaN(number) || text === 'NaN')
}

function isDay(text: string): boolean {
  const [found, year = '', month = '', dayOfMonth = ''] = day.exec(text) ?? []
  if (found === undefined) return false
  const date = Number(dayOfMonth)
  return date >= 1 && date <= daysIn(Number(year), Number(month))
}

/** None in a month that there is not. */
function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  if (month < 1 || month > 12) return 0
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function isTime(text: string): boolean {
  const [, date] = time.exec(text) ?? []
  return date !== undefined && isDay(date)
}
