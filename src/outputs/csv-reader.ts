import type { Options, Parser } from 'csv-parse'
import { WaymarkError } from '../model/errors.ts'
import { batchItems, type ItemBatch, type LineSource } from './item-batch.ts'
import { type CsvFile, checkColumns } from './item-file.ts'
import { excerpt, lineAt, lineBlocks } from './line-blocks.ts'

/**
 * Rows as objects of strings under the names of the header. Blank lines are skipped.
 *
 * Rows come from the parser as arrays: its own objects cost 1.7 times as much, its line per row 1.3 times (and it counts a CRLF
 * inside quotes twice), so the line of a bad row is found by reading again when it is needed.
 *
 * @throws WaymarkError `invalid` naming the line
 */
export async function* csvBatches(source: LineSource, csv: CsvFile<unknown, never>): AsyncGenerator<ItemBatch, void, undefined> {
  let header: readonly string[] | undefined
  /** Rows seen, the header among them. */
  let rowsSeen = 0
  let values: Record<string, string>[] = []
  for await (const rows of rowGroups(source, csv)) {
    for (const fields of rows) {
      rowsSeen++
      if (header === undefined) header = checkHeader(fields, csv)
      else if (rowsSeen - 2 >= source.from) values.push(itemOf(header, fields))
      if (values.length < batchItems) continue
      yield batchOf(values, source, csv, rowsSeen)
      values = []
    }
    if (values.length === 0) continue
    yield batchOf(values, source, csv, rowsSeen)
    values = []
  }
}

/** The names in the header row, or undefined for a file without rows. */
export async function csvHeader(source: LineSource, csv: CsvFile<unknown, never>): Promise<readonly string[] | undefined> {
  for await (const [fields] of rowGroups(source, csv)) {
    if (fields !== undefined) return checkHeader(fields, csv)
  }
  return undefined
}

/** A field, or null for an empty one without quotes. */
export type CsvCell = string | null

/**
 * The rows, the header first, a group per block. In a file of one column an empty line is a row.
 *
 * @param seen Called for each field of a file in which some are empty and in quotes: whether it stood in quotes.
 * @throws WaymarkError `invalid` naming the line
 */
export async function* csvCells(
  source: LineSource,
  csv: CsvFile<unknown, never>,
  seen: (isQuoted: boolean) => void,
): AsyncGenerator<readonly (readonly CsvCell[])[], void, undefined> {
  const header = await csvHeader(source, csv)
  const options: Options = { skip_empty_lines: header?.length !== 1 }
  // A call for each field costs a quarter of reading the file, which is read again for less.
  if (!(await holdsTwoQuotes(source))) {
    for await (const rows of rowGroups(source, csv, options)) yield rows.map(withNulls)
    return
  }
  const cast = (text: string, { quoting }: { readonly quoting: boolean }): CsvCell => {
    seen(quoting)
    return text === '' && !quoting ? null : text
  }
  yield* rowGroups<CsvCell>(source, csv, { ...options, cast })
}

const withNulls = (row: readonly string[]): readonly CsvCell[] =>
  row.includes('') ? row.map(cell => (cell === '' ? null : cell)) : row

/** Without two quotes side by side no field is empty and in quotes. */
async function holdsTwoQuotes({ file, options }: LineSource): Promise<boolean> {
  // Pieces overlap by a byte, so that two quotes are never apart.
  for (let position = 0; ; ) {
    const piece = await file.read(position, options.blockBytes)
    if (piece.includes('""')) return true
    if (piece.length < 2) return false
    position += piece.length - 1
  }
}

function batchOf(values: readonly unknown[], source: LineSource, csv: CsvFile<unknown, never>, rowsSeen: number): ItemBatch {
  return { values, lineOf: async index => (await placeOfRow(source, csv, rowsSeen - values.length + index)).line }
}

function itemOf(header: readonly string[], fields: readonly string[]): Record<string, string> {
  const item: Record<string, string> = {}
  for (let i = 0; i < header.length; i++) item[header[i] ?? ''] = fields[i] ?? ''
  return item
}

function checkHeader(fields: readonly string[], csv: CsvFile<unknown, never>): readonly string[] {
  const header = checkColumns(fields, `The header of ${csv.path}`)
  const missing = (csv.columns ?? []).filter(column => !header.includes(column))
  if (missing.length === 0) return header
  const names = missing.map(column => JSON.stringify(column)).join(', ')
  throw new WaymarkError('invalid', {
    message: `${csv.path} has no column ${names}; its header is ${excerpt(header.join(csv.delimiter))}`,
    means: 'No item was read from it.',
    remedy: 'Correct `columns` or `delimiter` of csv(…), or the file.',
    details: { file: csv.path, missing, header },
  })
}

/** The rows of the file, the header first, a group per block. */
async function* rowGroups<Field extends CsvCell = string>(
  source: LineSource,
  csv: CsvFile<unknown, never>,
  options: Options = {},
): AsyncGenerator<readonly Field[][], void, undefined> {
  const parser = await newParser(source, csv, false, options)
  for await (const block of lineBlocks(source.file, source.options)) {
    parser.write(block.bytes)
    const rows: Field[][] = []
    // Read at once instead of by events: everything a block gives is there when `write` returns.
    for (let row: Field[] | null = parser.read(); row !== null; row = parser.read()) rows.push(row)
    if (parser.errored !== null) throw await malformed(parser.errored, parser.info.records, source, csv, options)
    yield rows
  }
  parser.end()
  const rest: Field[][] = []
  try {
    for await (const row of parser) rest.push(row)
  } catch (error) {
    throw await malformed(error, parser.info.records, source, csv, options)
  }
  yield rest
}

async function newParser(
  source: LineSource,
  csv: CsvFile<unknown, never>,
  info: boolean,
  options: Options = {},
): Promise<Parser> {
  const { parse } = await import('csv-parse')
  const parser = parse({
    delimiter: csv.delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    skip_empty_lines: true,
    max_record_size: source.options.maxLineBytes,
    info,
    ...options,
  })
  // Errors are taken from `errored`; without a listener the process would end.
  parser.on('error', () => {})
  return parser
}

async function malformed(
  cause: unknown,
  row: number,
  source: LineSource,
  csv: CsvFile<unknown, never>,
  options: Options,
): Promise<WaymarkError> {
  const { line, text } = await placeOfRow(source, csv, row, options)
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const known = typeof code === 'string' ? reasons[code] : undefined
  const reason = known ?? (cause instanceof Error ? cause.message : String(cause))
  return new WaymarkError(code === 'CSV_MAX_RECORD_SIZE' ? 'limit' : 'invalid', {
    message: `${csv.path} line ${line} is not a CSV row: ${reason}: ${excerpt(text)}`,
    means: 'Items of earlier batches were read; nothing was changed.',
    remedy: `Correct the row, which begins on line ${line} as editors count, or pass the right \`delimiter\` to csv(…).`,
    cause,
    details: { file: csv.path, line },
  })
}

const reasons: Readonly<Record<string, string>> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: 'it has not as many fields as the header',
  CSV_INVALID_CLOSING_QUOTE: 'a closing quote is not followed by a delimiter',
  INVALID_OPENING_QUOTE: 'a quote stands inside an unquoted field',
  CSV_QUOTE_NOT_CLOSED: 'a quote is not closed',
  CSV_MAX_RECORD_SIZE: 'it is too long (is a quote not closed?)',
}

/** Where row `row` (the header is 0) begins, and its first line. Reads the file again. */
async function placeOfRow(
  source: LineSource,
  csv: CsvFile<unknown, never>,
  row: number,
  options: Options = {},
): Promise<{ line: number; text: string }> {
  const start = await endOfRow(source, csv, row - 1, options)
  const text = (await source.file.read(start, 4_096)).toString('utf8')
  const blankLines = /^[\r\n]*/.exec(text)?.[0].length ?? 0
  return {
    line: await lineAt(source.file, start + blankLines, 'also-by-cr'),
    text: text.slice(blankLines).split(/[\r\n]/, 1)[0] ?? '',
  }
}

/** The end of a row is told when so much is there of what follows: the end of a line behind a closing quote, and a byte. */
const lookAhead = Buffer.from('\n\n\n\n')

/** The offset just behind row `row`, which another one follows. */
async function endOfRow(source: LineSource, csv: CsvFile<unknown, never>, row: number, options: Options): Promise<number> {
  const parser = await newParser(source, csv, true, options)
  let seen = 0
  const endIn = (bytes: Buffer): number | undefined => {
    parser.write(bytes)
    let parsed: { readonly info: { readonly bytes: number } } | null = parser.read()
    for (; parsed !== null; parsed = parser.read()) {
      if (seen++ === row) return parsed.info.bytes
    }
    return undefined
  }
  let base: number | undefined
  for await (const block of lineBlocks(source.file, source.options)) {
    base ??= block.offset
    if (row < 0) break
    const end = endIn(block.bytes)
    if (end !== undefined) return base + end
  }
  return (base ?? 0) + ((row < 0 ? undefined : endIn(lookAhead)) ?? 0)
}
