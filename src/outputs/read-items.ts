import type { FileSystem } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import { issuePath, type Schema } from '../model/schema.ts'
import { csvBatches } from './csv-reader.ts'
import { openInput } from './input-file.ts'
import { type ItemBatch, type LineSource, type NextWanted, SkippedItems } from './item-batch.ts'
import { type ItemFile, itemFilePath } from './item-file.ts'
import { jsonlBatches } from './jsonl-reader.ts'
import { lineBlocks } from './line-blocks.ts'

export interface ReadItemsOptions {
  /** Where a relative path begins. */
  readonly baseDirectory: string
  readonly signal?: AbortSignal | undefined
  /** Index of the first item to give, from 0; those before are not parsed. Default 0. */
  readonly from?: number | undefined
  /** Bytes per read. Default 256 KiB: larger ones measured no faster. */
  readonly blockBytes?: number | undefined
  /** A longer line or row is refused. Default 256 MiB. */
  readonly maxItemBytes?: number | undefined
}

/**
 * The items of a file in order, in batches, read as they are asked for: memory holds about one block.
 *
 * @throws WaymarkError `not_found`; `invalid` naming file and line for anything malformed or against the schema; `limit` for a line
 *   that is too long; `unavailable` when the disk fails; the signal's reason when it aborts
 */
export async function* readItems<T>(
  files: FileSystem,
  file: ItemFile<T, never>,
  options: ReadItemsOptions,
): AsyncGenerator<readonly T[], void, undefined> {
  for await (const batch of readWanted(files, file, options)) if (!(batch instanceof SkippedItems)) yield batch
}

/** The same, but of the items that are not wanted only how many there are, where that is cheaper than reading them. */
export async function* readWanted<T>(
  files: FileSystem,
  file: ItemFile<T, never>,
  options: ReadItemsOptions & { readonly nextWanted?: NextWanted | undefined },
): AsyncGenerator<readonly T[] | SkippedItems, void, undefined> {
  const open = await openInput(files, itemFilePath(file, options.baseDirectory), file.path)
  try {
    const source: LineSource = {
      file: open,
      options: {
        shown: file.path,
        blockBytes: options.blockBytes ?? 256 * 1024,
        maxLineBytes: options.maxItemBytes ?? 256 * 1024 * 1024,
        signal: options.signal,
      },
      from: options.from ?? 0,
      nextWanted: options.nextWanted,
    }
    const batches = file.kind === 'jsonl' ? jsonlBatches(source, lineBlocks(open, source.options)) : csvBatches(source, file)
    for await (const batch of batches) {
      if (batch.skipped !== undefined) yield new SkippedItems(batch.skipped)
      if (batch.values.length === 0) continue
      // Without a schema the type is the caller's word for what the file holds: `jsonl<Order>(path)`.
      yield file.schema === undefined ? (batch.values as readonly T[]) : await checkBatch(file.schema, batch, file.path)
    }
  } finally {
    await open.close()
  }
}

const checkBatch = <T>(schema: Schema<unknown, T>, batch: ItemBatch, shown: string): Promise<readonly T[]> =>
  checkRows(schema, batch.values, async index => {
    const line = await batch.lineOf(index)
    return { shown: `${shown} line ${line}`, details: { file: shown, line } }
  })

/** Where a value was read. */
interface RowPlace {
  readonly shown: string
  readonly details: Readonly<Record<string, unknown>>
}

/**
 * Values as a schema gives them. `place` names the one at an index of `values`.
 *
 * @throws WaymarkError `invalid` naming the place
 */
export async function checkRows<T>(
  schema: Schema<unknown, T>,
  values: readonly unknown[],
  place: (index: number) => RowPlace | Promise<RowPlace>,
): Promise<readonly T[]> {
  const { validate } = schema['~standard']
  const checked: T[] = []
  for (const value of values) {
    // Awaits only where a schema answers with a promise: most answer at once, and a tick per item would cost more than the check.
    const answer = validate(value)
    const result = answer instanceof Promise ? await answer : answer
    if (result.issues === undefined) {
      checked.push(result.value)
      continue
    }
    const { shown, details } = await place(checked.length)
    const issues = result.issues.map(issue => `${issuePath(issue)}${issuePath(issue) === '' ? '' : ': '}${issue.message}`)
    throw new WaymarkError('invalid', {
      message: `${shown} does not match its schema: ${issues.join('; ')}`,
      means: 'Items of earlier batches were read; nothing was changed.',
      remedy: 'Correct it there, or the schema if it is right.',
      details: { ...details, issues },
    })
  }
  return checked
}
