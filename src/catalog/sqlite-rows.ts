import { crc32 } from 'node:zlib'
import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import type { RunView, StageView } from '../model/run-view.ts'
import type { SegmentMark, StreamHead } from './catalog.ts'
import { keyText, textOfKey } from './key-text.ts'
import type { SqliteConnection, SqlRow } from './sqlite-connection.ts'
import { catalogDamaged } from './sqlite-fault.ts'

export type Column = string | number | null

/** A table whose rows hold a whole view in `body`; its columns only serve to find and sort them. */
export interface ViewTable<View> {
  readonly name: 'run' | 'stage'
  readonly columns: readonly string[]
  /** The columns that identify a row: the first ones. */
  readonly keyLength: number
  columnsOf(view: View): readonly Column[]
}

export const runTable: ViewTable<RunView> = {
  name: 'run',
  columns: ['id', 'pipeline', 'params_digest', 'created_at', 'state', 'origin'],
  keyLength: 1,
  columnsOf: run => [
    keyText(run.id),
    keyText(run.pipeline),
    keyText(run.paramsDigest),
    run.createdAt,
    run.state,
    run.forkedFrom === undefined ? null : keyText(run.forkedFrom.run),
  ],
}

export const stageTable: ViewTable<StageView> = {
  name: 'stage',
  columns: ['run', 'path', 'ord'],
  keyLength: 2,
  columnsOf: stage => [keyText(stage.run), keyText(stage.path), stage.order],
}

/** A view as it is stored. */
export interface EncodedRow {
  readonly columns: readonly Column[]
  readonly checksum: number
  readonly body: Uint8Array
}

export function encodeRow<View>(table: ViewTable<View>, view: View): EncodedRow {
  const columns = table.columnsOf(view)
  const body = encodeValue(view)
  return { columns, checksum: checksumOf(table.name, columns, body), body }
}

/**
 * The view of a row that holds `table.columns`, `checksum` and `body`.
 *
 * @throws WaymarkError `corrupt` if it is not what was written
 */
export function decodeRow<View>(connection: SqliteConnection, table: ViewTable<View>, row: SqlRow): View {
  const body = row['body']
  if (!(body instanceof Uint8Array)) throw damagedRow(connection, table.name)
  verifyRow(connection, table.name, table.columns, row, body)
  // Whole by its checksum, and a file of another schema version is never read: the body is what `encodeRow` was given.
  return decodeValue(body) as View
}

/** CRC-32 over the table's name, the columns and the body. A NUL ends each column; {@link keyText} has none. */
export function checksumOf(table: string, columns: readonly Column[], body?: Uint8Array): number {
  let text = table
  // A lone marker of `keyText` stands for NULL: a kept text never consists of it.
  for (const column of columns) text += `\0${column ?? '\u0001'}`
  const checksum = crc32(text)
  return body === undefined ? checksum : crc32(body, checksum)
}

/** Verifies the columns named and returns the row; for the tables without a body. */
export function verifyRow(
  connection: SqliteConnection,
  table: string,
  columns: readonly string[],
  row: SqlRow,
  body?: Uint8Array,
): SqlRow {
  const values: Column[] = []
  for (const name of columns) {
    const value = row[name]
    if (value === undefined || typeof value === 'bigint' || value instanceof Uint8Array) throw damagedRow(connection, table)
    values.push(value)
  }
  if (row['checksum'] !== checksumOf(table, values, body)) throw damagedRow(connection, table)
  return row
}

export const markColumns = ['segment', 'applied_end', 'digest', 'proven_end'] as const
export const headColumns = ['stream', 'token', 'sequence', 'segment'] as const

export const markValues = (mark: SegmentMark): readonly Column[] => [
  keyText(mark.segment),
  mark.appliedEnd,
  keyText(mark.digest),
  mark.provenEnd,
]

export const headValues = (stream: string, head: StreamHead): readonly Column[] => [
  keyText(stream),
  head.token,
  head.sequence,
  keyText(head.segment),
]

export function decodeMark(connection: SqliteConnection, row: SqlRow): SegmentMark {
  verifyRow(connection, 'mark', markColumns, row)
  return {
    segment: textIn(row, 'segment'),
    appliedEnd: numberIn(row, 'applied_end'),
    digest: textIn(row, 'digest'),
    provenEnd: numberIn(row, 'proven_end'),
  }
}

export function decodeHead(connection: SqliteConnection, row: SqlRow): StreamHead & { readonly stream: string } {
  verifyRow(connection, 'head', headColumns, row)
  return {
    stream: textIn(row, 'stream'),
    token: numberIn(row, 'token'),
    sequence: numberIn(row, 'sequence'),
    segment: textIn(row, 'segment'),
  }
}

/** For columns that are verified, or may be wrong because something else finds out. */
export const numberIn = (row: SqlRow, column: string): number => Number(row[column])
export const textIn = (row: SqlRow, column: string): string => textOfKey(String(row[column]))

export function damagedRow(connection: SqliteConnection, table: string): Error {
  return catalogDamaged(connection.file, `a row of the table ${table} does not match its checksum`)
}
