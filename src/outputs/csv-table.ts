import type { FileSystem } from '../files/file-system.ts'
import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'
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
 * @throws WaymarkError `not_found`, `invalid` naming the line, or the row that is not of the type asked for
 */
export async function tableOfCsv(files: FileSystem, path: string, shown: string, asked: TableSchema = {}): Promise<CsvTable> {
  const { names, rows: cells } = await cellsOf(files, path, shown)
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
  } finally {
    await file.close()
  }
}

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
