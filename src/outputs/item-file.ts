import { resolve } from 'node:path'
import { WaymarkError } from '../model/errors.ts'
import type { Schema } from '../model/schema.ts'

/** The same in every copy of this package that is loaded. */
const brand: unique symbol = Symbol.for('waymark.item-file')
/** Exists for the compiler only: makes a description contravariant in what may be written to it. */
declare const accepts: unique symbol

interface FileDescription<R, W> {
  readonly [brand]: true
  readonly [accepts]?: (item: W) => void
  /** As given; whoever uses the file resolves it ({@link itemFilePath}). */
  readonly path: string
  /** As an output: a new run adds to the file instead of replacing it. */
  readonly append: boolean
  /** Applied to each item that is read, not to what is written. */
  readonly schema: Schema<unknown, R> | undefined
}

/** One JSON value per line. */
export interface JsonlFile<R = unknown, W = R> extends FileDescription<R, W> {
  readonly kind: 'jsonl'
}

/** Rows under a header; without a schema every value is text. */
export interface CsvFile<R = Record<string, string>, W = R> extends FileDescription<R, W> {
  readonly kind: 'csv'
  readonly columns: readonly string[] | undefined
  readonly delimiter: string
}

/**
 * A file of items: reading gives `R`, writing takes `W`. A parameter that reads any file of `T` is an `ItemFile<T, never>`,
 * one that writes `T` to any file that takes it is an `ItemFile<unknown, T>`.
 */
export type ItemFile<R = unknown, W = R> = JsonlFile<R, W> | CsvFile<R, W>

export interface JsonlOptions<T> {
  /** Checks, and may convert, each item that is read. */
  readonly schema?: Schema<unknown, T> | undefined
  /** As an output: keep what is in the file and write behind it. Default false: a new run replaces the file. */
  readonly append?: boolean | undefined
}

export interface CsvOptions<T, Column extends string = keyof T & string> extends JsonlOptions<T> {
  /**
   * As an output: the columns and their order; other properties are left out, missing ones are empty.
   * Default: the keys of the first item, which every later item must then have. As a source: columns that must be there.
   */
  readonly columns?: readonly Column[] | undefined
  /** One character. Default `,`. */
  readonly delimiter?: string | undefined
}

/**
 * A file with one JSON value per line, as a source of items or as an output. Touches nothing; a relative path is resolved
 * from the pipeline's project when it is used.
 *
 * @example
 * await run.each('enrich', jsonl<Order>('in/orders.jsonl'), enrich, { output: jsonl('out/enriched.jsonl') })
 * @throws WaymarkError `invalid` if the path is empty or not a string
 */
export function jsonl<T = unknown>(path: string, options: JsonlOptions<T> = {}): JsonlFile<T> {
  const file: JsonlFile<T> = {
    [brand]: true,
    kind: 'jsonl',
    path: checkPath(path),
    append: options.append ?? false,
    schema: options.schema,
  }
  return Object.freeze(file)
}

/**
 * A CSV file with a header row, as a source of items or as an output. Without a type or a schema it reads records of strings
 * and takes any object.
 *
 * @example
 * csv('in/airports.csv', { schema: z.object({ iata: z.string(), latitude: z.coerce.number() }) })
 * csv<Invoice>('out/invoices.csv', { columns: ['number', 'total'], delimiter: ';' })
 * @throws WaymarkError `invalid` for an unusable path, delimiter or list of columns
 */
export function csv(
  path: string,
  options?: CsvOptions<Record<string, string>, string> & { readonly schema?: undefined },
): CsvFile<Record<string, string>, object>
export function csv<T>(path: string, options?: CsvOptions<T>): CsvFile<T>
export function csv<T>(path: string, options: CsvOptions<T, string> = {}): CsvFile<T> {
  const file: CsvFile<T> = {
    [brand]: true,
    kind: 'csv',
    path: checkPath(path),
    append: options.append ?? false,
    schema: options.schema,
    columns:
      options.columns === undefined
        ? undefined
        : Object.freeze(checkColumns([...options.columns], `csv(${JSON.stringify(path)})`)),
    delimiter: checkDelimiter(options.delimiter ?? ','),
  }
  return Object.freeze(file)
}

/** True for what {@link jsonl} and {@link csv} return. */
export const isItemFile = (value: unknown): value is ItemFile<unknown, never> =>
  typeof value === 'object' && value !== null && brand in value && value[brand] === true

/** Where the file is: its path, from `baseDirectory` if it is relative. */
export const itemFilePath = (file: ItemFile<unknown, never>, baseDirectory: string): string => resolve(baseDirectory, file.path)

/**
 * Column names as a table can have them: at least one, none empty, none twice. `where` begins the message.
 *
 * @throws WaymarkError `invalid`
 */
export function checkColumns(columns: readonly string[], where: string): readonly string[] {
  const seen = new Set<string>()
  for (const column of columns) {
    if (typeof column !== 'string' || column === '') throw badColumns(`${where} has a column without a name`)
    // Assigning it would set a prototype instead of a value.
    if (column === '__proto__') throw badColumns(`${where} has a column named __proto__`)
    if (seen.has(column)) throw badColumns(`${where} has two columns named ${JSON.stringify(column)}`)
    seen.add(column)
  }
  if (columns.length === 0) throw badColumns(`${where} has no columns`)
  return columns
}

function badColumns(message: string): WaymarkError {
  return new WaymarkError('invalid', {
    message,
    means: 'No row was read or written under these columns.',
    remedy: 'Give every column a name of its own.',
  })
}

function checkPath(path: string): string {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path
  throw new WaymarkError('invalid', {
    message: `${JSON.stringify(path) ?? String(path)} cannot be the path of a file`,
    means: 'Nothing was read or written.',
    remedy: "Pass a non-empty string, such as jsonl('in/orders.jsonl').",
  })
}

function checkDelimiter(delimiter: string): string {
  if (typeof delimiter === 'string' && delimiter.length === 1 && delimiter.isWellFormed() && !/["\r\n\uFEFF]/.test(delimiter))
    return delimiter
  throw new WaymarkError('invalid', {
    message: `${JSON.stringify(delimiter) ?? String(delimiter)} cannot separate the fields of a CSV file`,
    means: 'Nothing was read or written.',
    remedy: "Use one character other than a quote or a line break, such as ',', ';' or '\\t'.",
  })
}
