import { isUtf8 } from 'node:buffer'
import { inspect } from 'node:util'
import { arrowRows } from '../engine/arrow-rows.ts'
import type { CheckpointInfo } from '../engine/checkpoint-info.ts'
import { type JsonLoss, plainJson } from '../engine/plain-json.ts'
import { redactionOf } from '../engine/redaction.ts'
import type { Store } from '../engine/store.ts'
import { WaymarkError } from '../model/errors.ts'
import { bytes as bytesText, count } from './render/quantities.ts'
import { withShownTables, withTables } from './shown-tables.ts'

/** What is printed of a value. */
export interface PrintedValue {
  readonly text: string
  /** What is not printed, if something is not. */
  readonly cut?: string
}

/** What `--json` says of a value. */
export interface JsonValue {
  readonly value: unknown
  /** Where JSON has no form for what is there, and what it became. */
  readonly lossy: readonly JsonLoss[]
  /** How many there are; `lossy` has the first. */
  readonly lossyCount: number
  readonly cut?: string
}

const shownRows = 20
const jsonRows = 1000
const mostToldTables = 20
const shownText = 4096
const shownBytes = 256
const jsonBytes = 64 * 1024
const shownLines = 200
const shownCharacters = 16 * 1024
/** Longer values are for a file. */
const mostJsonLength = 64 * 1024 * 1024

/** For people: as JavaScript writes it, cut where it is long. */
export async function printedValue(store: Store, info: CheckpointInfo, path: string | undefined): Promise<PrintedValue> {
  if (path === undefined && comesInRows(info)) {
    const rows = await firstRows(store, info.id, shownRows)
    const total = rowCount(info) ?? rows.length
    const cut = total > rows.length ? { cut: `${count(total - rows.length)} of ${count(total)} rows are not shown` } : {}
    return { text: rows.map(row => inspected(row, 120).text).join('\n'), ...cut }
  }
  if (path === undefined && info.encoding === 'bytes') return printedBytes(await firstBytes(store, info.id, shownText), info)
  checkEncoding(info)
  const { value, arrow } = await shownValueOf(store, info, path, shownRows)
  if (arrow !== undefined) return { text: arrow.rows.map(row => inspected(row, 120).text).join('\n'), ...cutAfter(arrow) }
  return inspected(
    withShownTables(value, row => redactionOf(store).shown('value', row)),
    100,
  )
}

/** For programs: plain JSON. */
export async function jsonValueOf(store: Store, info: CheckpointInfo, path: string | undefined): Promise<JsonValue> {
  if (path === undefined && comesInRows(info)) {
    const rows = await firstRows(store, info.id, jsonRows)
    const total = rowCount(info) ?? rows.length
    return {
      ...plain(rows, info.id),
      ...(total > rows.length ? { cut: `${total - rows.length} of ${total} rows are left out` } : {}),
    }
  }
  if (path === undefined && info.encoding === 'bytes') {
    const first = await firstBytes(store, info.id, jsonBytes)
    const more = info.logicalBytes - first.length
    return { ...plain(first, info.id), ...(more > 0 ? { cut: `${more} of ${info.logicalBytes} bytes are left out` } : {}) }
  }
  checkEncoding(info)
  const { value, arrow } = await shownValueOf(store, info, path, jsonRows)
  if (arrow === undefined) return plainWithTables(value, info.id)
  const lossy = [{ path: '', what: 'an Arrow table became a list of its rows' }]
  return { ...plain(arrow.rows, info.id), lossy, lossyCount: 1, ...cutAfter(arrow) }
}

function cutAfter({ rows, total }: { readonly rows: readonly unknown[]; readonly total: number }): { readonly cut?: string } {
  return total > rows.length ? { cut: `${count(total - rows.length)} of ${count(total)} rows are not shown` } : {}
}

/** Tables inside the value as lists of their rows, at most so many of each as of a table that is the value. */
function plainWithTables(value: unknown, id: string): JsonValue {
  const became: JsonLoss[] = []
  const shown = withTables(value, jsonRows, ({ rows, total }, path) => {
    const cut = total > rows.length ? `, ${total - rows.length} of ${total} left out` : ''
    became.push({ path: path.replace(/^\./, ''), what: `an Arrow table became a list of its rows${cut}` })
    return rows
  })
  const { lossy, lossyCount, ...rest } = plain(shown, id)
  return { ...rest, lossy: [...became.slice(0, mostToldTables), ...lossy], lossyCount: lossyCount + became.length }
}

function plain(value: unknown, id: string): JsonValue {
  const { json, losses, lossCount } = plainJson(value)
  if ((JSON.stringify(json)?.length ?? 0) > mostJsonLength) throw tooLong(id)
  return { value: json, lossy: losses, lossyCount: lossCount }
}

function inspected(value: unknown, breakLength: number): PrintedValue {
  if (typeof value === 'string') return limited(value)
  return limited(inspect(value, { depth: 8, maxArrayLength: 48, maxStringLength: 1000, breakLength }))
}

function limited(text: string): PrintedValue {
  const lines = text.split('\n')
  if (lines.length <= shownLines && text.length <= shownCharacters) return { text }
  const kept = lines.slice(0, shownLines).join('\n').slice(0, shownCharacters)
  return { text: kept, cut: 'more follows that is not shown' }
}

function printedBytes(first: Uint8Array, info: CheckpointInfo): PrintedValue {
  const cutAfter = (shown: number): { readonly cut?: string } => {
    const more = info.logicalBytes - shown
    return more > 0 ? { cut: `the first ${bytesText(shown)} of ${bytesText(info.logicalBytes)} are shown` } : {}
  }
  const text = textOf(first)
  if (text !== undefined) return { text, ...cutAfter(first.length) }
  const lines: string[] = []
  const end = Math.min(first.length, shownBytes)
  for (let at = 0; at < end; at += 16) {
    const part = Buffer.from(first.subarray(at, at + 16))
    const hex = part.toString('hex').replaceAll(/../g, '$& ')
    lines.push(
      `${at.toString(16).padStart(6, '0')}  ${hex.padEnd(48)} ${part.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '.')}`,
    )
  }
  return { text: lines.join('\n'), ...cutAfter(end) }
}

/** A character may be cut in two at the end. */
function textOf(bytes: Uint8Array): string | undefined {
  for (let less = 0; less < 4 && less < bytes.length; less++) {
    const part = bytes.subarray(0, bytes.length - less)
    if (isUtf8(part)) return part.includes(0) ? undefined : Buffer.from(part).toString('utf8').trimEnd()
  }
  return undefined
}

const comesInRows = ({ encoding, tables }: CheckpointInfo): boolean => encoding === 'rows' || tables?.[0]?.streamed === true

const rowCount = ({ rows, tables }: CheckpointInfo): number | undefined => rows ?? tables?.[0]?.facts.rows

/** A value without what is not to be shown. */
async function shownValueOf(store: Store, info: CheckpointInfo, path: string | undefined, mostRows: number) {
  const { value } = await store.load(info.id, path === undefined ? {} : { path })
  const redaction = redactionOf(store)
  const arrow = arrowRows(value, mostRows)
  if (arrow === undefined) return { value: redaction.shownAt(path, value), arrow }
  const rows = arrow.rows.map(row => redaction.shownAt(path, row))
  return { value, arrow: { ...arrow, rows } }
}

async function firstRows(store: Store, id: string, most: number): Promise<unknown[]> {
  const rows: unknown[] = []
  for await (const row of store.loadRows(id)) {
    rows.push(redactionOf(store).shown('value', row))
    if (rows.length === most) break
  }
  return rows
}

async function firstBytes(store: Store, id: string, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of store.loadBytes(id)) {
    parts.push(part)
    length += part.length
    if (length >= most) break
  }
  return Buffer.concat(parts).subarray(0, most)
}

function checkEncoding({ id, encoding }: CheckpointInfo): void {
  if (encoding !== 'files') return
  throw new WaymarkError('invalid', {
    message: `checkpoint ${id} holds files, not a value`,
    means: 'Nothing was read or changed.',
    remedy: `waymark export ${id} --format files --out FOLDER`,
  })
}

const tooLong = (id: string): WaymarkError =>
  new WaymarkError('limit', {
    message: 'the value is too long to be printed as JSON',
    means: 'Nothing was changed.',
    remedy: `waymark export ${id} --format json`,
  })
