import type { FileSystem } from '../files/file-system.ts'
import type { TableSchema } from '../tables/table-schema.ts'
import { csv } from './item-file.ts'
import { readItems } from './read-items.ts'

/** Rows of a CSV file with values of the types that all of a column fit, and these types. */
export interface CsvTable {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly schema: TableSchema
}

/**
 * Reads a CSV file as a table. An empty field is null. A column is of whole numbers, numbers, booleans, dates or times (with zone) if every field in it is written as one and nothing of it would be
 * lost (`007` and a number of twenty digits stay text), else of text.
 *
 * @throws WaymarkError `not_found`, `invalid` naming the line
 */
export async function tableOfCsv(files: FileSystem, path: string, shown: string): Promise<CsvTable> {
  const texts: Record<string, string>[] = []
  for await (const batch of readItems(files, { ...csv(path), path: shown }, { baseDirectory: process.cwd() }))
    for (const row of batch) texts.push(row)
  const names = Object.keys(texts[0] ?? {})
  const kinds = names.map(name => kindOf(texts, name))
  const rows = texts.map(row => Object.fromEntries(names.map((name, at) => [name, typedValue(row[name] ?? '', kinds[at])])))
  return { rows, schema: Object.fromEntries(names.map((name, at) => [name, kinds[at]?.type ?? 'utf8'])) }
}

interface Kind {
  readonly type: string
  readonly fits: (text: string) => boolean
  readonly value: (text: string) => unknown
}

const whole = /^-?(0|[1-9]\d*)$/
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3}0*)?$/

/** The first that all fields fit. */
const kinds: readonly Kind[] = [
  { type: 'bool', fits: text => text === 'true' || text === 'false', value: text => text === 'true' },
  {
    type: 'int64',
    fits: text => whole.test(text) && text !== '-0' && BigInt.asIntN(64, BigInt(text)) === BigInt(text),
    value: text => BigInt(text),
  },
  { type: 'float64', fits: isNumber, value: text => Number(text) },
  {
    type: 'date',
    fits: text => /^\d{4}-\d\d-\d\d$/.test(text) && isTime(`${text}T00:00:00Z`),
    value: text => new Date(`${text}T00:00:00Z`),
  },
  { type: 'timestamp[ms]', fits: text => time.test(text) && isTime(`${text}Z`), value: text => new Date(`${text}Z`) },
  {
    type: 'timestamp[ms, UTC]',
    fits: text => text.endsWith('Z') && time.test(text.slice(0, -1)) && isTime(text),
    value: text => new Date(text),
  },
]

/** Fifteen digits always fit. */
function isNumber(text: string): boolean {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return true
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return false
  if (text === String(Number(text))) return true
  return (
    text
      .replace(/[eE].*$/, '')
      .replace(/\D/g, '')
      .replace(/^0+/, '').length <= 15 && Number.isFinite(Number(text))
  )
}

function isTime(text: string): boolean {
  const date = new Date(text)
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text.slice(0, 10)
}

function kindOf(rows: readonly Readonly<Record<string, string>>[], name: string): Kind | undefined {
  const texts = rows.flatMap(row => (row[name] === undefined || row[name] === '' ? [] : [row[name]]))
  return texts.length === 0 ? undefined : kinds.find(kind => texts.every(kind.fits))
}

const typedValue = (text: string, kind: Kind | undefined): unknown =>
  text === '' ? null : kind === undefined ? text : kind.value(text)
