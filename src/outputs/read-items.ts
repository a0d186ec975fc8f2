import type { FileSystem } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import { issuePath, type Schema } from '../model/schema.ts'
import { csvBatches } from './csv-reader.ts'
import { openInput } from './input-file.ts'
import type { ItemBatch, LineSource } from './item-batch.ts'
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
    }
    const batches = file.kind === 'jsonl' ? jsonlBatches(source, lineBlocks(open, source.options)) : csvBatches(source, file)
    for await (const batch of batches) {
      // Without a schema the type is the caller's word for what the file holds: `jsonl<Order>(path)`.
      yield file.schema === undefined ? (batch.values as readonly T[]) : await checkBatch(file.schema, batch, file.path)
    }
  } finally {
    await open.close()
  }
}

/** Awaits only where a schema answers with a promise: most answer at once, and a tick per item would cost more than the check. */
async function checkBatch<T>(schema: Schema<unknown, T>, batch: ItemBatch, shown: string): Promise<readonly T[]> {
  const { validate } = schema['~standard']
  const checked: T[] = []
  for (const value of batch.values) {
    const answer = validate(value)
    const result = answer instanceof Promise ? await answer : answer
    if (result.issues === undefined) {
      checked.push(result.value)
      continue
    }
    const line = await batch.lineOf(checked.length)
    const issues = result.issues.map(issue => `${issuePath(issue)}${issuePath(issue) === '' ? '' : ': '}${issue.message}`)
    throw new WaymarkError('invalid', {
      message: `${shown} line ${line} does not match its schema: ${issues.join('; ')}`,
      means: 'Items of earlier batches were read; nothing was changed.',
      remedy: 'Correct the line, or the schema if the line is right.',
      details: { file: shown, line, issues },
    })
  }
  return checked
}
