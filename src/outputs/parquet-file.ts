import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { fileErrorCode } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import type { OutputPosition, PartsPosition } from '../model/output-position.ts'
import type { Schema } from '../model/schema.ts'
import { fileDigest } from './file-digest.ts'
import { isHiddenName } from './hidden-names.ts'
import { type ItemSource, type OpenedSource, type SourceContext, sourceBrand } from './item-source.ts'
import { type ItemTarget, type OpenedOutput, type OutputContext, targetBrand } from './item-target.ts'
import { openParquetParts } from './open-parquet-parts.ts'
import { outputChanged } from './output-faults.ts'
import { type ParquetColumn, type ParquetType, parquetColumns } from './parquet-columns.ts'
import { isParquetCompression, type ParquetCompression } from './parquet-part.ts'
import { partName, partNumber } from './parquet-parts.ts'
import { type FineTimes, parquetRowCount, readParquet } from './parquet-reader.ts'
import { checkRows } from './read-items.ts'

export interface ParquetOptions<T> {
  /** Checks, and may convert, each row that is read. */
  readonly schema?: Schema<unknown, T> | undefined
  /** As an output: the columns, their order and types; other properties are left out. Default: found from the rows of the first part. */
  readonly columns?: { readonly [Column in keyof T & string]?: ParquetType } | undefined
  /** As an output. Default 100,000; a part is closed earlier at 64 MiB of rows. */
  readonly rowsPerPart?: number | undefined
  /** As an output. Default `snappy`. */
  readonly compression?: ParquetCompression | undefined
  /** As a source: times finer than a millisecond as text, instead of refusing them. Default `refuse`. */
  readonly fineTimes?: FineTimes | undefined
}

/** A Parquet file or a folder of them: reading gives `R`, writing takes `W`. */
export type ParquetFile<R = unknown, W = R> = ItemSource<R> & ItemTarget<W>

/**
 * Rows in Parquet, as a source of items or as an output. As an output the path is a folder of parts, `part-00001.parquet` and so on, each published whole and never written again; as a
 * source it is a file or such a folder. Touches nothing; a relative path is resolved from the pipeline's project when it is used.
 *
 * @example
 * await run.each('score', parquet<{ id: bigint }>('in/orders.parquet'), order => ({ id: order.id, at: new Date() }), {
 *   output: parquet('out/scores', { columns: { id: 'INT64', at: 'TIMESTAMP' } }),
 * })
 * @throws WaymarkError `invalid` for an unusable path or option
 */
export function parquet<T = Record<string, unknown>>(path: string, options: ParquetOptions<T> = {}): ParquetFile<T> {
  return Object.freeze(new Parquet<T>(path, options))
}

class Parquet<T> implements ItemSource<T>, ItemTarget<T> {
  readonly [sourceBrand] = true
  readonly [targetBrand] = true
  readonly shown: string
  readonly #schema: Schema<unknown, T> | undefined
  readonly #columns: readonly ParquetColumn[] | undefined
  readonly #rowsPerPart: number
  readonly #compression: ParquetCompression
  readonly #fineTimes: FineTimes

  constructor(path: string, options: ParquetOptions<T>) {
    if (typeof path !== 'string' || path === '' || path.includes('\0'))
      throw wrong(`${JSON.stringify(path) ?? String(path)} cannot be the path of a file`)
    if (typeof options !== 'object' || options === null)
      throw wrong(`the options of parquet(${JSON.stringify(path)}) are no object`)
    const { columns, rowsPerPart = 100_000, compression = 'snappy', fineTimes = 'refuse', schema } = options
    if (!Number.isInteger(rowsPerPart) || rowsPerPart < 1)
      throw wrong(`rowsPerPart must be a whole number of at least 1, not ${String(rowsPerPart)}`)
    if (!isParquetCompression(compression))
      throw wrong(`compression must be snappy, zstd, gzip or none, not ${String(compression)}`)
    if (fineTimes !== 'refuse' && fineTimes !== 'text') throw wrong(`fineTimes must be refuse or text, not ${String(fineTimes)}`)
    this.shown = path
    this.#schema = schema
    this.#columns = columns === undefined ? undefined : parquetColumns(columns, `parquet(${JSON.stringify(path)})`)
    this.#rowsPerPart = rowsPerPart
    this.#compression = compression
    this.#fineTimes = fineTimes
  }

  place(baseDirectory: string): string {
    return resolve(baseDirectory, this.shown)
  }

  async begin(): Promise<PartsPosition> {
    return { kind: 'parts', path: this.shown, parts: 0, rows: 0 }
  }

  open(context: SourceContext): Promise<OpenedSource>
  open(context: OutputContext, position: OutputPosition): Promise<OpenedOutput>
  open(context: SourceContext | OutputContext, position?: OutputPosition): Promise<OpenedSource | OpenedOutput> {
    if ('signal' in context || position === undefined) return this.#openSource(context)
    return openParquetParts(context, partsOf(position, this.shown, context.stage), {
      shown: this.shown,
      columns: this.#columns,
      rowsPerPart: this.#rowsPerPart,
      compression: this.#compression,
    })
  }

  results(context: Pick<OutputContext, 'files' | 'baseDirectory'>, position: OutputPosition): AsyncIterable<unknown> {
    const { parts } = partsOf(position, this.shown, undefined)
    const names = Array.from({ length: parts }, (_, at) => partName(at + 1))
    const files = names.map(name => ({ path: `${this.place(context.baseDirectory)}/${name}`, shown: `${this.shown}/${name}` }))
    const batches = this.#batches(context, files, undefined)
    return (async function* rows() {
      for await (const batch of batches) yield* batch
    })()
  }

  async #openSource(
    context: Pick<SourceContext, 'files' | 'baseDirectory'> & { readonly signal?: AbortSignal },
  ): Promise<OpenedSource> {
    const { files, signal } = context
    const all = await this.#files(context)
    const whole = createHash('sha256')
    let total = 0
    let size = 0
    let first: string | undefined
    for (const { path, shown } of all) {
      total += await parquetRowCount({ files, path, shown, fineTimes: this.#fineTimes, signal })
      const { digest, bytes } = await fileDigest(files, path, signal === undefined ? {} : { signal })
      size += bytes
      first ??= digest
      whole.update(`${path.slice(path.lastIndexOf('/') + 1)} ${digest}\n`)
    }
    const isOneFile = all.length === 1 && all[0]?.shown === this.shown
    const digest = isOneFile && first !== undefined ? first : `sha256:${whole.digest('hex')}`
    return {
      record: { kind: 'file', digest, from: this.shown, size },
      total,
      batches: () => this.#batches(context, all, signal),
    }
  }

  /** The file itself, or what is in the folder: parts by their number, any other files by name. */
  async #files({
    files,
    baseDirectory,
  }: Pick<SourceContext, 'files' | 'baseDirectory'>): Promise<{ readonly path: string; readonly shown: string }[]> {
    const path = this.place(baseDirectory)
    let names: readonly string[]
    try {
      names = await files.list(path)
    } catch (error) {
      const code = fileErrorCode(error)
      if (code === 'ENOTDIR' || code === 'ENOENT') return [{ path, shown: this.shown }]
      throw new WaymarkError('unavailable', {
        message: `cannot list ${this.shown}: ${error instanceof Error ? error.message : String(error)}`,
        means: 'No item was read from it.',
        remedy: `Make the folder readable for this user: chmod u+rx ${path}`,
        cause: error,
      })
    }
    const found = names.filter(name => name.endsWith('.parquet') && !isHiddenName(name) && !name.startsWith('.'))
    if (found.length === 0) throw wrong(`the folder ${this.shown} holds no Parquet file`, 'not_found')
    const numbers = found.map(partNumber)
    if (numbers.every(number => number !== undefined)) {
      found.sort((a, b) => (partNumber(a) ?? 0) - (partNumber(b) ?? 0))
      const missing = found.findIndex((name, at) => name !== partName(at + 1))
      if (missing >= 0) throw wrong(`${this.shown} holds ${found.at(-1)}, but not ${partName(missing + 1)}`)
    }
    return found.map(name => ({ path: `${path}/${name}`, shown: `${this.shown}/${name}` }))
  }

  async *#batches(
    { files }: Pick<SourceContext, 'files'>,
    all: readonly { readonly path: string; readonly shown: string }[],
    signal: AbortSignal | undefined,
  ): AsyncIterable<readonly unknown[]> {
    for (const { path, shown } of all) {
      let row = 0
      for await (const values of readParquet({ files, path, shown, fineTimes: this.#fineTimes, signal })) {
        const first = row
        yield this.#schema === undefined
          ? values
          : await checkRows(this.#schema, values, at => ({
              shown: `${shown} row ${first + at + 1}`,
              details: { file: shown, row: first + at + 1 },
            }))
        row += values.length
      }
    }
  }
}

function partsOf(position: OutputPosition, shown: string, stage: string | undefined): PartsPosition {
  if (position.kind === 'parts') return position
  throw outputChanged(
    `${position.path} was begun as another kind of output (${position.kind ?? 'a file of lines'}), and is now ${shown} in Parquet`,
    {
      shown: position.path,
      stage,
      details: { kind: position.kind ?? 'file' },
    },
  )
}

function wrong(message: string, code: 'invalid' | 'not_found' = 'invalid'): WaymarkError {
  return new WaymarkError(code, {
    message,
    means: 'Nothing was read or written.',
    remedy:
      "Name a Parquet file or a folder of them, as parquet('in/flights.parquet') or parquet('out/enriched', { rowsPerPart: 50_000 }).",
  })
}
