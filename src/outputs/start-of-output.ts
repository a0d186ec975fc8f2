import type { FileSystem } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import type { FilePosition } from '../model/output-position.ts'
import { csvHeader } from './csv-reader.ts'
import { type InputFile, openInput } from './input-file.ts'
import { type CsvFile, type ItemFile, itemFilePath } from './item-file.ts'
import { OutputTail } from './output-tail.ts'

/**
 * Where a new stage would begin to write: at 0, or with `append` at the end of what is there. Touches nothing, so that the position can be
 * recorded first; {@link openOutput} with it as `recorded` then does the same after a crash at any point.
 *
 * @throws WaymarkError `invalid` for a folder, or for a CSV file to append to whose header cannot be used; `unavailable`
 */
export async function startOfOutput(
  files: FileSystem,
  file: ItemFile<unknown, never>,
  options: { readonly baseDirectory: string },
): Promise<FilePosition> {
  const path = itemFilePath(file, options.baseDirectory)
  const nothing: FilePosition = { path: file.path, length: 0, tail: new OutputTail().digest }
  if (!file.append) return nothing
  if (!(await files.exists(path))) return { ...nothing, startedAt: 0 }
  const input = await openInput(files, path, file.path)
  try {
    const { size } = await input.stat()
    if (size === 0) return { ...nothing, startedAt: 0 }
    const { digest } = await OutputTail.read(input, size)
    const columns = file.kind === 'csv' ? { columns: await existingColumns(input, file) } : {}
    return { path: file.path, length: size, tail: digest, startedAt: size, ...columns }
  } finally {
    await input.close()
  }
}

async function existingColumns(input: InputFile, csv: CsvFile<unknown, never>): Promise<readonly string[]> {
  const options = { shown: csv.path, blockBytes: 64 * 1024, maxLineBytes: 1 << 24 }
  const header = await csvHeader({ file: input, options, from: 0 }, csv)
  if (header !== undefined) return header
  throw new WaymarkError('invalid', {
    message: `${csv.path} holds no header to append rows under`,
    means: 'Nothing was written.',
    remedy: 'Empty or remove the file, or write it without `append`.',
    details: { file: csv.path },
  })
}
