import type { AsyncBuffer, DecodedArray, FileMetaData, ParquetParsers, SchemaElement } from 'hyparquet'
import type { FileSystem } from '../files/file-system.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { parseJson } from '../model/parse-json.ts'
import { decimalText } from '../tables/decimal-units.ts'
import { type InputFile, openInput } from './input-file.ts'
import { batchItems } from './item-batch.ts'
import { parquetCodecs } from './parquet-codecs.ts'
import { schemaNodes } from './parquet-column-type.ts'
import { type ParquetUse, reading, reasonOf, UnreadableColumn, unreadable } from './parquet-faults.ts'
import { checkGroup } from './parquet-group.ts'
import { checkParquetNames } from './parquet-names.ts'
import { columnsKey } from './parquet-part.ts'

/** How times finer than a millisecond are given, which no Date can hold. */
export type FineTimes = 'refuse' | 'text'

export interface ParquetReadOptions {
  readonly files: FileSystem
  /** Absolute. */
  readonly path: string
  /** How messages name it. */
  readonly shown: string
  readonly fineTimes: FineTimes
  readonly signal?: AbortSignal | undefined
}

/**
 * Rows in the file, as its end says.
 *
 * @throws WaymarkError `not_found`; `invalid` for what is no whole Parquet file; `unavailable`
 */
export async function parquetRowCount(options: ParquetReadOptions): Promise<number> {
  const file = await openInput(options.files, options.path, options.shown)
  try {
    return Number((await readMetadata(file, options)).num_rows)
  } finally {
    await file.close()
  }
}

/**
 * The rows of a Parquet file in order. Memory holds one row group.
 *
 * Whole numbers of 64 bits come as bigints (as numbers where this library wrote numbers), bytes as Uint8Array, times as Date, decimals as text, what has no value as null.
 *
 * @throws WaymarkError `not_found`; `invalid` for a file that is damaged, cut off, or holds what cannot be given exactly; `unavailable`; the signal's reason
 */
export async function* readParquet(
  options: ParquetReadOptions,
): AsyncGenerator<readonly Readonly<Record<string, unknown>>[], void, undefined> {
  const file = await openInput(options.files, options.path, options.shown)
  try {
    const metadata = await readMetadata(file, options)
    const columns = await reading(options, async () =>
      metadata.row_groups.length === 0 ? [] : columnsOf(metadata, options.shown),
    )
    const compressors = await parquetCodecs()
    let column = ''
    const scan = await reading(options, async () => {
      const { parquetScan } = await import('hyparquet')
      const raw = { ...metadata, schema: metadata.schema.map(withoutDecimal) }
      const own = parsers(options, () => column)
      return parquetScan({ file: await asyncBuffer(file), metadata: raw, compressors, utf8: false, parsers: own })
    })
    for (const [group, range] of scan.ranges.entries()) {
      await reading(options, () => checkGroup(file, metadata, metadata.row_groups[group], compressors))
      const data: { readonly name: string; readonly values: DecodedArray; readonly give: (value: unknown) => unknown }[] = []
      for (const { name, give } of columns) {
        options.signal?.throwIfAborted()
        column = name
        const values = await reading(options, () => scan.readColumn({ column: name, ...range }), name)
        if (values.length !== range.rowEnd - range.rowStart)
          throw unreadable(
            options,
            `a row group has ${range.rowEnd - range.rowStart} rows, but ${values.length} values of ${name}`,
          )
        data.push({ name, values, give })
      }
      for (let from = 0; from < range.rowEnd - range.rowStart; from += batchItems) {
        options.signal?.throwIfAborted()
        yield rowsOf(data, from, Math.min(from + batchItems, range.rowEnd - range.rowStart), options)
      }
    }
  } finally {
    await file.close()
  }
}

function rowsOf(
  data: readonly { readonly name: string; readonly values: DecodedArray; readonly give: (value: unknown) => unknown }[],
  from: number,
  to: number,
  source: ParquetUse,
): Readonly<Record<string, unknown>>[] {
  const rows: Record<string, unknown>[] = Array.from({ length: to - from }, () => ({}))
  for (const { name, values, give } of data) {
    for (let at = from; at < to; at++) {
      const value: unknown = values[at]
      const row = rows[at - from]
      if (row === undefined) continue
      try {
        row[name] = value === null || value === undefined ? null : give(value)
      } catch (error) {
        throw isWaymarkError(error) ? error : unreadable(source, `a value of ${name}: ${reasonOf(error)}`, error)
      }
    }
  }
  return rows
}

export async function readMetadata(file: InputFile, source: ParquetUse): Promise<FileMetaData> {
  const metadata = await reading(source, async () => {
    const { parquetMetadataAsync } = await import('hyparquet')
    // Bounds of JSON may be cut off; nobody asks for them.
    return parquetMetadataAsync(await asyncBuffer(file), { parsers: { jsonFromBytes: () => undefined } })
  })
  const rows = await reading(source, async () => metadata.row_groups.reduce((sum, group) => sum + group.num_rows, 0n))
  if (rows !== metadata.num_rows)
    throw unreadable(source, `its end speaks of ${metadata.num_rows} rows, its row groups of ${rows}`)
  return metadata
}

export async function asyncBuffer(file: InputFile): Promise<AsyncBuffer> {
  const { size } = await file.stat()
  return {
    byteLength: size,
    async slice(start, end = size) {
      if (!(start >= 0 && end >= start)) throw new Error(`it names the bytes from ${start} to ${end}`)
      const bytes = await file.read(start, end - start)
      if (bytes.length !== end - start) throw new Error(`the file ends at byte ${start + bytes.length}, before ${end}`)
      return bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
        ? bytes.buffer
        : Uint8Array.from(bytes).buffer
    },
  }
}

/** The top-level columns, each with what makes an exact value of what the library gives. */
function columnsOf(metadata: FileMetaData, shown: string) {
  checkParquetNames(schemaNodes(metadata.schema), shown)
  const own = ownTypes(metadata)
  return childrenOf(metadata.schema).map(({ element, inside }) => {
    for (const part of inside) {
      if (isDecimal(part))
        throw new UnreadableColumn(
          `the column ${element.name} holds decimals inside a nested value, which cannot be given exactly as items`,
          `Import the file as a table (waymark import ${shown} --parquet), or write it with ${element.name} as text.`,
          { column: element.name },
        )
    }
    return { name: element.name, give: giver(element, own.get(element.name), inside.length > 0) }
  })
}

function giver(element: SchemaElement, own: string | undefined, isNested: boolean): (value: unknown) => unknown {
  if (isNested) return withNulls
  if (isDecimal(element)) return value => decimalText(unscaled(value), element.scale ?? decimalScale(element))
  if (own === 'INTEGER') return value => (typeof value === 'bigint' ? Number(value) : value)
  if (element.logical_type?.type === 'JSON' && element.converted_type === undefined)
    return value => (value instanceof Uint8Array ? parseJson(textOf(value)) : value)
  return value => value
}

function childrenOf(
  schema: readonly SchemaElement[],
): { readonly element: SchemaElement; readonly inside: readonly SchemaElement[] }[] {
  const children: { element: SchemaElement; inside: SchemaElement[] }[] = []
  for (let at = 1; at < schema.length; ) {
    const element = schema[at]
    if (element === undefined) break
    let open = element.num_children ?? 0
    let end = at + 1
    for (; open > 0 && end < schema.length; end++) open += (schema[end]?.num_children ?? 0) - 1
    children.push({ element, inside: schema.slice(at + 1, end) })
    at = end
  }
  return children
}

/** Types of a part that this library wrote; of any other file nothing. */
function ownTypes(metadata: FileMetaData): ReadonlyMap<string, string> {
  const text = metadata.key_value_metadata?.find(({ key }) => key === columnsKey)?.value
  if (text === undefined) return new Map()
  try {
    const list: unknown = JSON.parse(text)
    if (!Array.isArray(list)) return new Map()
    return new Map(list.flatMap(entry => (Array.isArray(entry) ? [[String(entry[0]), String(entry[1])] as const] : [])))
  } catch {
    return new Map()
  }
}

const isDecimal = (element: SchemaElement): boolean =>
  element.converted_type === 'DECIMAL' || element.logical_type?.type === 'DECIMAL'

const decimalScale = ({ logical_type }: SchemaElement): number => (logical_type?.type === 'DECIMAL' ? logical_type.scale : 0)

/** Left to itself, the library makes a floating-point number of a decimal. */
function withoutDecimal(element: SchemaElement): SchemaElement {
  if (!isDecimal(element)) return element
  const { converted_type, logical_type, ...rest } = element
  return rest
}

const unscaled = (value: unknown): bigint =>
  value instanceof Uint8Array ? signedNumber(value) : typeof value === 'bigint' ? value : BigInt(Number(value))

function signedNumber(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(bytes.length * 8, value)
}

/** The library's own reader drops a byte order mark at the beginning of a text. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)

function parsers({ shown, fineTimes }: ParquetReadOptions, column: () => string): Partial<ParquetParsers> {
  const time = (value: bigint, perMs: bigint, digits: number): Date | string => {
    const ms = floorDivided(value, perMs)
    const rest = value - ms * perMs
    const date = dateOf(ms)
    if (fineTimes === 'text') return `${date.toISOString().slice(0, -1)}${rest.toString().padStart(digits - 3, '0')}Z`
    if (rest === 0n) return date
    throw new WaymarkError('invalid', {
      message: `the column ${column()} of ${shown} holds a time of ${value} ${digits === 6 ? 'microseconds' : 'nanoseconds'} since 1970, which is finer than the milliseconds of a Date`,
      means: 'Items of earlier row groups were read; nothing was changed.',
      remedy: "Read such times as text: parquet(path, { fineTimes: 'text' }).",
      details: { file: shown, column: column() },
    })
  }
  return {
    timestampFromMilliseconds: dateOf,
    timestampFromMicroseconds: value => time(value, 1_000n, 6),
    timestampFromNanoseconds: value => time(value, 1_000_000n, 9),
    stringFromBytes: bytes => bytes && textOf(bytes),
    jsonFromBytes: bytes => bytes && parseJson(textOf(bytes)),
  }
}

function dateOf(ms: bigint): Date {
  const date = new Date(Number(ms))
  if (Number.isNaN(date.getTime())) throw new Error(`a time of ${ms} milliseconds since 1970 is beyond what a Date can hold`)
  return date
}

const floorDivided = (value: bigint, by: bigint): bigint => value / by - (value % by < 0n ? 1n : 0n)

/** What has no value is null everywhere. */
function withNulls(value: unknown): unknown {
  if (value === undefined) return null
  if (Array.isArray(value)) return value.map(withNulls)
  if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withNulls(part)]))
}
