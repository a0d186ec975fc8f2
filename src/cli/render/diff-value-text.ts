import { inspect } from 'node:util'
import { count, counted } from './quantities.ts'
import type { Glyphs } from './screen.ts'
import { textWidth } from './text-width.ts'

/** How a value and another one in its place are told in a line. */
export interface TextPair {
  readonly before: string
  readonly after: string
  /** What the two are not easily seen to differ in: `+781`, `line 12`, `31 of 12,000 numbers`. */
  readonly note?: string
}

const longText = 60

/** A value in at most so many columns: as it is written in JavaScript where that is short, else what it is and how big. */
export function valueText(value: unknown, columns: number, glyphs: Glyphs): string {
  if (typeof value === 'symbol') return 'nothing'
  if (typeof value === 'string') return shortText(value, columns, glyphs)
  if (typeof value === 'number') return numberText(value)
  if (typeof value === 'bigint') return shortened(`${value}n`, columns, glyphs)
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof Error) return shortened(`${value.name}: ${value.message}`, columns, glyphs)
  const size = sizeOf(value)
  if (size !== undefined && size > 8) return sizeText(value, size)
  const text = inspect(value, { depth: 2, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 9, maxStringLength: 60 })
  const masked = text.replaceAll("'•••'", '•••')
  if (textWidth(masked) <= columns) return readable(masked, glyphs)
  const keys = Object.keys(value)
  const what = sizeText(value, size ?? keys.length)
  const named = `${what}: ${keys.join(', ')}`
  return size === undefined && textWidth(named) <= columns ? named : what
}

/** Two values that stand at one place, together in about so many columns. */
export function pairText(before: unknown, after: unknown, columns: number, glyphs: Glyphs): TextPair {
  if (typeof before === 'string' && typeof after === 'string' && Math.max(before.length, after.length) > longText) {
    return longTexts(before, after, columns, glyphs)
  }
  const note = noteOn(before, after)
  const half = Math.max(12, Math.floor((columns - (note?.length ?? 0) - 6) / 2))
  const texts = { before: valueText(before, half, glyphs), after: valueText(after, half, glyphs) }
  if (note !== undefined) return { ...texts, note }
  return texts.before === texts.after ? { ...texts, note: hiddenNote(texts.after) } : texts
}

/** `1,204,331.1`; exact. */
export function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0'
  const [whole = '', ...rest] = String(value).split('.')
  if (!/^-?\d{5,}$/.test(whole) && !(rest.length > 0 && /^-?\d{4,}$/.test(whole))) return String(value)
  return [whole.replaceAll(/\B(?=(\d{3})+$)/g, ','), ...rest].join('.')
}

const hiddenNote = (text: string): string => (/•••|\*\*\*/.test(text) ? 'differs where it is hidden' : 'differs where it is cut')

function noteOn(before: unknown, after: unknown): string | undefined {
  if (typeof before === 'number' && typeof after === 'number' && Number.isFinite(after - before)) {
    const change = Number((after - before).toPrecision(12))
    return change === 0 ? undefined : `${change > 0 ? '+' : ''}${numberText(change)}`
  }
  if (typeof before === 'bigint' && typeof after === 'bigint') return `${after > before ? '+' : ''}${after - before}`
  if (!isNumbers(before) || !isNumbers(after) || before.length !== after.length) return undefined
  let different = 0
  let first = -1
  for (let index = 0; index < before.length; index++) {
    if (Object.is(before[index], after[index])) continue
    if (different++ === 0) first = index
  }
  return `${count(different)} of ${count(before.length)} differ, first [${first}]`
}

type Numbers = ArrayLike<unknown> & ArrayBufferView

const isNumbers = (value: unknown): value is Numbers => ArrayBuffer.isView(value) && 'length' in value

/** The first line in which they differ, from a little before the difference on. */
function longTexts(before: string, after: string, columns: number, glyphs: Glyphs): TextPair {
  const end = Math.min(before.length, after.length)
  let at = 0
  while (at < end && before[at] === after[at]) at++
  const lineStart = before.lastIndexOf('\n', at - 1) + 1
  const line = before.slice(0, lineStart).split('\n').length
  const start = Math.max(lineStart, at - 8)
  const isMultiline = before.includes('\n') || after.includes('\n')
  const place = isMultiline ? `line ${count(line)}` : `from character ${count(at + 1)}`
  const half = Math.max(16, Math.floor((columns - 30) / 2))
  const part = (text: string): string => {
    const lineEnd = text.indexOf('\n', at)
    const shown = text.slice(start, lineEnd < 0 ? text.length : lineEnd)
    return shortText(`${start > lineStart ? glyphs.ellipsis : ''}${shown}`, half, glyphs)
  }
  const size = before.length === after.length ? '' : `, ${count(before.length)} ${glyphs.arrow} ${count(after.length)} characters`
  return { before: part(before), after: part(after), note: `${place}${size}` }
}

function shortText(value: string, columns: number, glyphs: Glyphs): string {
  if (value === '•••') return readable(value, glyphs)
  const quoted = JSON.stringify(value)
  if (textWidth(quoted) <= columns) return quoted
  return `${JSON.stringify(shortened(value, Math.max(4, columns - 2), glyphs))}`
}

function shortened(text: string, columns: number, { ellipsis }: Glyphs): string {
  if (textWidth(text) <= columns) return text
  return `${text.slice(0, Math.max(1, columns - ellipsis.length)).replace(/[\ud800-\udbff]$/, '')}${ellipsis}`
}

/** A terminal that shows ASCII only has no dots. */
const readable = (text: string, glyphs: Glyphs): string => (glyphs.ellipsis === '...' ? text.replaceAll('•••', '***') : text)

function sizeOf(value: object): number | undefined {
  if (Array.isArray(value)) return value.length
  if (value instanceof Map || value instanceof Set) return value.size
  if (isNumbers(value)) return value.length
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? value.byteLength : undefined
}

function sizeText(value: object, size: number): string {
  if (Array.isArray(value)) return counted(size, 'element')
  if (value instanceof Map) return `Map of ${counted(size, 'entry', 'entries')}`
  if (value instanceof Set) return `Set of ${counted(size, 'member')}`
  if (value instanceof Uint8Array) return counted(size, 'byte')
  if (isNumbers(value)) return `${value.constructor.name} of ${count(size)}`
  if (sizeOf(value) !== undefined) return counted(size, 'byte')
  return `object of ${counted(size, 'key')}`
}
