import { setImmediate } from 'node:timers/promises'
import { WaymarkError } from '../model/errors.ts'
import { type CellReader, cellReader } from '../tables/arrow-cell.ts'
import type { ReadableTable } from '../tables/batch-source.ts'
import type { ColumnType } from '../tables/columnar.ts'
import { cellJson } from './cell-json.ts'
import { cellText } from './cell-text.ts'
import { mustBeImportable } from './parquet-table-schema.ts'

/** Rows that become one piece. */
const pieceRows = 1024

/**
 * A table as CSV (RFC 4180, lines ended by LF, UTF-8): a header, then a line a row. No value is an empty field, an empty text is `""`; nested values are JSON.
 *
 * @throws WaymarkError `invalid` for what has no such form, `unsupported` for a column `__proto__`, naming the column
 */
export async function* csvOfTable(table: ReadableTable): AsyncIterableIterator<Uint8Array> {
  for (const { name } of table.fields) mustBeImportable(name, name)
  yield Buffer.from(`${table.fields.map(({ name }) => quotedWhereNeeded(name)).join(',')}\n`)
  yield* piecesOf(table, columns => row => columns.map(({ name, type, read }) => csvField(type, read, row, name)).join(','))
}

/**
 * A table as JSON lines: an object a row.
 *
 * @throws WaymarkError `invalid` for NaN and the infinities, `unsupported` for two columns of one name
 */
export async function* jsonLinesOfTable(table: ReadableTable): AsyncIterableIterator<Uint8Array> {
  oneKeyEach(table.fields.map(({ name }) => name))
  const keys = table.fields.map(({ name }) => JSON.stringify(name))
  yield* piecesOf(
    table,
    columns => row =>
      `{${columns.map(({ name, type, read }, at) => `${keys[at]}:${cellJson(type, read(row), name)}`).join(',')}}`,
  )
}

function oneKeyEach(names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice === undefined) return
  throw new WaymarkError('unsupported', {
    message: `the table has two columns named ${twice}, and a JSON object has each key once`,
    means: 'Nothing was written.',
    remedy: 'Give the columns different names, or export the table as Arrow or CSV.',
    details: { column: twice },
  })
}

interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly read: CellReader
}

async function* piecesOf(
  { fields, batches }: ReadableTable,
  lineOf: (columns: readonly Column[]) => (row: number) => string,
): AsyncIterableIterator<Uint8Array> {
  for await (const { rowCount, columns } of batches) {
    const line = lineOf(
      fields.map(({ name, type }, at) => {
        const data = columns[at]
        if (data === undefined) throw new RangeError(`a batch lacks the column ${name}`)
        return { name, type, read: cellReader(type, data) }
      }),
    )
    for (let from = 0; from < rowCount; from += pieceRows) {
      let text = ''
      for (let row = from; row < Math.min(from + pieceRows, rowCount); row++) text += `${line(row)}\n`
      yield Buffer.from(text)
      await setImmediate()
    }
  }
}

function csvField(type: ColumnType, read: CellReader, row: number, column: string): string {
  const cell = read(row)
  if (cell === null) return ''
  const text = cellText(type, cell, column)
  return text === undefined ? quoted(cellJson(type, cell, column)) : text === '' ? '""' : quotedWhereNeeded(text)
}

const quotedWhereNeeded = (text: string): string => (/["\r\n,]|^\uFEFF|^\s|\s$/.test(text) ? quoted(text) : text)
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
