import { dirname } from 'node:path'
import type { FileSystem } from '../files/file-system.ts'
import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import type { FilePosition } from '../model/output-position.ts'
import { CsvRows } from './csv-row.ts'
import { type ItemFile, itemFilePath } from './item-file.ts'
import type { OutputContext } from './item-target.ts'
import { outputChanged, outputFailed } from './output-faults.ts'
import { checkContent, cutBack, type OutputTarget, outputFolderPermissions, replaceFile } from './output-file.ts'
import { OutputTail } from './output-tail.ts'
import { OutputWriter } from './output-writer.ts'
import { startOfOutput } from './start-of-output.ts'

export interface OpenOutputOptions {
  /** Where a relative path begins. */
  readonly baseDirectory: string
  /** The fencing token of the run's owner; part of the name of a file not yet visible. */
  readonly token: number
  /** The last position in the log: what came after it is removed. Absent: {@link startOfOutput}, which is better recorded first. */
  readonly recorded?: FilePosition | undefined
  /**
   * Whether it is proven that nobody else has the file open: every earlier owner of the run that may have opened it is dead, and this
   * process has no failed writer on it. If false, the file is copied rather than cut, and a stalled owner writes to a file without a name.
   */
  readonly earlierOwnerDead: boolean
  /** As in {@link OutputContext}. */
  readonly mustOwn?: OutputContext['mustOwn']
  /** The stage, for remedies. */
  readonly stage?: string | undefined
}

/**
 * Opens an output for writing behind what counts.
 *
 * Without a recorded length the visible file is replaced at once by an empty one (with `append`: kept); with one, it must still hold what
 * was recorded, and is cut back to it. Folders are made. Durable when it resolves.
 *
 * @throws WaymarkError `conflict` if the file is shorter than recorded, other, or gone: nothing is then touched; `invalid`, `disk_full`,
 *   `unavailable`
 */
export async function openOutput(
  files: FileSystem,
  file: ItemFile<unknown, never>,
  options: OpenOutputOptions,
): Promise<OutputWriter> {
  const path = await realPath(files, file, options.baseDirectory)
  const { recorded } = options
  const start = recorded !== undefined && goesOn(file, recorded) ? recorded : await startOfOutput(files, file, options)
  const target: OutputTarget = { files, path, start, stage: options.stage, token: options.token, mustOwn: options.mustOwn }
  checkSameFile(file, target)
  const rows = file.kind === 'csv' ? new CsvRows(file, start.columns) : undefined
  try {
    if (start.length > 0) await checkContent(target)
    await makeDurableDirectory(files, dirname(path), outputFolderPermissions)
    const opened = start.length > 0 && options.earlierOwnerDead ? await cutBack(target) : await replaceFile(target)
    try {
      await files.syncDirectory(dirname(path))
      const { identity } = await opened.stat()
      return new OutputWriter({
        files,
        file: opened,
        path,
        identity,
        start,
        tail: await OutputTail.read(opened, start.length),
        rows,
        stage: options.stage,
      })
    } catch (error) {
      await opened.close()
      throw error
    }
  } catch (error) {
    throw outputFailed(error, file.path, path)
  }
}

/** Where the file is: a link is written through, so that it still is one afterwards. */
async function realPath(files: FileSystem, file: ItemFile<unknown, never>, baseDirectory: string): Promise<string> {
  const path = itemFilePath(file, baseDirectory)
  try {
    return await files.realPath(path)
  } catch (error) {
    throw outputFailed(error, file.path, path)
  }
}

/**
 * False when the path was corrected before anything was counted: then the new one begins anew. A file that is appended to keeps its record,
 * because only that tells our lines from others.
 */
const goesOn = (file: ItemFile<unknown, never>, recorded: FilePosition): boolean =>
  recorded.length > 0 || recorded.startedAt !== undefined || recorded.path === file.path

/** The pipeline may have been changed between two attempts. */
function checkSameFile(file: ItemFile<unknown, never>, target: OutputTarget): void {
  const { start, path } = target
  const facts = { shown: start.path, stage: target.stage, details: { file: path } }
  if (start.path !== file.path)
    throw outputChanged(`The output is now ${file.path}, but what counts so far was written to ${start.path}`, facts)
  if (start.length === 0) return
  if ((start.columns !== undefined) !== (file.kind === 'csv')) {
    throw outputChanged(`${file.path} was begun as ${file.kind === 'csv' ? 'JSONL' : 'CSV'} and is now ${file.kind}`, facts)
  }
  const columns = file.kind === 'csv' ? file.columns : undefined
  if (columns !== undefined && columns.join('\0') !== start.columns?.join('\0')) {
    throw outputChanged(`${file.path} has the columns ${start.columns?.join(', ')}, now they are ${columns.join(', ')}`, facts)
  }
}
