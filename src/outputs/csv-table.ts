import type { FileSystem } from '../files/file-system.ts'
import type { TableSchema } from '../tables/table-schema.ts'
import { type CsvCell, csvCells } from './csv-reader.ts'
import { openInput } from './input-file.ts'
import { csv } from './item-file.ts'

/** Rows of a CSV file with values of the types that all of a column fit, and these types. */
export interface CsvTable {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly schema: TableSchema
  /** As in the header: an object has names of whole numbers before others. */
  readonly order: readonly string[]
}

/**
 * Reads a CSV file as a table. An empty field is null, `""` an empty text (but null in a file of a writer that puts every field in quotes). A column is of whole numbers, numbers, booleans, dates or times (with zone) if every field in it is written as one and nothing of it would be
 * lost (`007` and a number of twenty digits stay text), else of text.
 *
 * @throws WaymarkError `not_found`, `invalid` naming the line
 */
export async function tableOfCsv(files: FileSystem, path: string, shown: string): Promise<CsvTable> {
  const { names, rows: cells } = await cellsOf(files, path, shown)
  const kinds = names.map((_, at) => kindOf(cells, at))
  const rows = cells.map(row => Object.fromEntries(names.map((name, at) => [name, typedValue(row[at] ?? null, kinds[at])])))
  return {
    rows,
    schema: Object.fromEntries(names.map((name, at) => [name, kinds[at]?.type ?? 'utf8'])),
    order: names,
  }
}

interface CsvCells {
  readonly names: readonly string[]
  readonly rows: readonly (readonly CsvCell[])[]
}

async function cellsOf(files: FileSystem, path: string, shown: string): Promise<CsvCells> {
  const file = await openInput(files, path, shown)
  try {
    const options = { shown, blockBytes: 256 * 1024, maxLineBytes: 256 * 1024 * 1024, signal: undefined }
    const rows: (readonly CsvCell[])[] = []
    let isAllQuoted = true
    const seen = (isQuoted: boolean): void => {
      isAllQuoted &&= isQuoted
    }
    for await (const group of csvCells({ file, options, from: 0, nextWanted: undefined }, { ...csv(path), path: shown }, seen))
      for (const row of group) if (rows.length > 0 || row.some(cell => cell !== null)) rows.push(row)
    const [header = [], ...data] = rows
    const names = header.map(name => name ?? '')
    // Waymark puts only those names in quotes that need them.
    const isQuotedAnyway = isAllQuoted && names.some(name => /^\w+$/.test(name))
    return { names, rows: isQuotedAnyway ? data.map(row => row.map(cell => (cell === '' ? null : cell))) : data }
  } finally {
    await file.close()
  }
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

/** The least number that has all its digits. */
const leastNormal = 2 ** -1022

/** Fifteen digits always fit, but not in the smallest numbers. */
function isNumber(text: string): boolean {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return true
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return false
  if (text === String(Number(text))) return true
  const digits = text
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '')
  const size = Math.abs(Number(text))
  return digits === '' || (digits.length <= 15 && size >= leastNormal && Number.isFinite(size))
}

function isTime(text: string): boolean {
  const date = new Date(text)
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text.slice(0, 10)
}

function kindOf(rows: readonly (readonly CsvCell[])[], at: number): Kind | undefined {
  const texts = rows.flatMap(row => row[at] ?? [])
  return texts.length === 0 ? undefined : kinds.find(kind => texts.every(kind.fits))
}

const typedValue = (text: CsvCell, kind: Kind | undefined): unknown =>
  text === null || kind === undefined ? text : kind.value(text)
