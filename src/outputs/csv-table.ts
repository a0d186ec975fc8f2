import type { FileSystem } from '../files/file-system.ts'
import { nearest } from '../model/did-you-mean.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { TableSchema } from '../tables/table-schema.ts'
import { type CsvColumnKind, csvColumnKind } from './csv-column-kind.ts'
import { csvNamedType } from './csv-named-type.ts'
import { type CsvCell, csvCells } from './csv-reader.ts'
import { openInput } from './input-file.ts'
import { csv } from './item-file.ts'
import { excerpt } from './line-blocks.ts'

/** Rows of a CSV file with values of the types that all of a column fit, and these types. */
export interface CsvTable {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly schema: TableSchema
  /** As in the header: an object has names of whole numbers before others. */
  readonly order: readonly string[]
}

/**
 * Reads a CSV file as a table. An empty field is null, `""` an empty text (but null in a file of a writer that puts every field in quotes). A column is of whole numbers, numbers, booleans, dates or times (with zone) if every field in it is written as one and nothing of it would be
 * lost (`007`, `1.10`, `1e5` and a number of twenty digits stay text: as numbers they would be printed otherwise), else of text.
 *
 * @param asked types of columns by name, in place of what their texts look like
 * @throws WaymarkError `not_found`, `invalid` if the fields seem to have another sign than commas between them, or naming the line, or the row that is not of the type asked for
 */
export async function tableOfCsv(files: FileSystem, path: string, shown: string, asked: TableSchema = {}): Promise<CsvTable> {
  const { names, rows: cells } = await cellsOf(files, path, shown)
  const [only = ''] = names.length === 1 ? names : []
  const sign = [';', '\t', '|'].find(one => only.includes(one))
  if (sign !== undefined && !Object.hasOwn(asked, only)) throw otherSign(only, sign, shown)
  const unknown = Object.keys(asked).find(name => !names.includes(name))
  if (unknown !== undefined) throw noColumn(unknown, names, shown)
  const kinds = names.map((name, at) => {
    const type = Object.hasOwn(asked, name) ? asked[name] : undefined
    if (type === undefined) return csvColumnKind(textsOf(cells, at))
    const kind = csvNamedType(type, name)
    const wrong = cells.findIndex(row => typeof row[at] === 'string' && !kind.fits(row[at]))
    if (wrong >= 0) throw notOfType(cells[wrong]?.[at] ?? '', { shown, column: name, row: wrong + 1, type: kind.type })
    return kind
  })
  return {
    rows: rowsOf(cells, names, kinds),
    schema: Object.fromEntries(names.map((name, at) => [name, kinds[at]?.type ?? 'utf8'])),
    order: names,
  }
}

function textsOf(cells: CsvCells['rows'], at: number): readonly string[] {
  const texts: string[] = []
  for (const row of cells) {
    const cell = row[at]
    if (typeof cell === 'string') texts.push(cell)
  }
  return texts
}

/** Assigned one by one: all rows then share a shape, which costs half of `Object.fromEntries`. */
function rowsOf(
  cells: CsvCells['rows'],
  names: readonly string[],
  kinds: readonly (CsvColumnKind | undefined)[],
): Record<string, unknown>[] {
  return cells.map(row => {
    const made: Record<string, unknown> = {}
    for (const [at, name] of names.entries()) {
      const cell = row[at] ?? null
      made[name] = cell === null ? null : (kinds[at]?.value(cell) ?? cell)
    }
    return made
  })
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
  } catch (error) {
    throw asImport(error)
  } finally {
    await file.close()
  }
}

/** What reads items of a pipeline reads the file: what it says of these is not for an import. */
function asImport(error: unknown): unknown {
  if (!isWaymarkError(error) || (error.code !== 'invalid' && error.code !== 'limit')) return error
  const line = error.details['line']
  const which = typeof line === 'number' ? `the row, which begins on line ${line} as editors count` : 'the header of the file'
  return new WaymarkError(error.code, {
    message: error.message,
    means: 'Nothing was saved.',
    remedy: `Correct ${which}. Fields have commas between them, and quotes (") around them where they hold a comma, a quote or a line break.`,
    details: error.details,
    cause: error.cause ?? error,
  })
}

const otherSign = (column: string, sign: string, shown: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${shown} has ${sign === '\t' ? 'tabs' : JSON.stringify(sign)} between its fields, it seems: with commas its header is the one column ${JSON.stringify(excerpt(column))}`,
    means: 'Nothing was saved.',
    remedy: `Write the file with commas. If it does have this one column, name its type: --column '${excerpt(column)}=utf8'.`,
    details: { file: shown, column },
  })

function noColumn(column: string, names: readonly string[], shown: string): WaymarkError {
  const near = nearest(column, names)
  return new WaymarkError('invalid', {
    message: `${shown} has no column ${JSON.stringify(column)}${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was saved.',
    remedy: `Name one of its header: ${excerpt(names.join(', '))}`,
    details: { file: shown, column, ...(near === undefined ? {} : { near }) },
  })
}

interface CsvPlace {
  readonly shown: string
  readonly column: string
  /** From 1, the header not counted. */
  readonly row: number
  readonly type: string
}

const notOfType = (text: string, { shown, column, row, type }: CsvPlace): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${shown} row ${row}: the column ${JSON.stringify(column)} holds ${JSON.stringify(excerpt(text))}, which is not of the type ${type}`,
    means: 'Nothing was saved.',
    remedy: 'Correct the field, or name a type that all fields of the column have; utf8 takes every text.',
    details: { file: shown, column, row },
  })
