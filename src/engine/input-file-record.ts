import type { FileSystem } from '../files/file-system.ts'
import type { InputRecord } from '../model/records.ts'
import { fileDigest } from '../outputs/file-digest.ts'
import { type ItemFile, itemFilePath } from '../outputs/item-file.ts'

/** What a file has behind the end it was recorded with. */
export interface AppendedPart {
  readonly bytes: number
  readonly lines: number
}

export interface LookedAtFile {
  readonly record: InputRecord
  /** Set if the file begins with all of what was recorded, and its lines, and has more. */
  readonly appended?: AppendedPart
}

interface LookOptions {
  readonly files: FileSystem
  readonly baseDirectory: string
  readonly signal?: AbortSignal
  /** The input as recorded before, if it was. */
  readonly before: InputRecord | undefined
}

/**
 * How a file is known again: by the SHA-256 of all its bytes, and by nothing else. Size and time are kept to say what changed and are not trusted, not even to leave out the reading: a copy
 * that keeps its time, a file system that rounds it, or an edit within its resolution would pass for the same file. A gigabyte costs about a second at the start of an attempt.
 *
 * @throws WaymarkError `not_found`, `invalid`, `unavailable`; the signal's reason
 */
export async function lookAtFile(file: ItemFile<unknown, never>, options: LookOptions): Promise<LookedAtFile> {
  const { files, baseDirectory, signal, before } = options
  const path = itemFilePath(file, baseDirectory)
  const known = before?.kind === 'file' && before.size !== undefined ? before : undefined
  // Looked at before the bytes: what is written meanwhile shows as a later time.
  const mtimeMs = (await files.stat(path).catch(() => undefined))?.mtimeMs
  const { digest, bytes, prefix } = await fileDigest(files, path, {
    ...(signal === undefined ? {} : { signal }),
    prefixBytes: known?.size,
  })
  const record: InputRecord = {
    kind: 'file',
    digest,
    from: file.path,
    size: bytes,
    ...(mtimeMs === undefined ? {} : { mtimeMs }),
  }
  const isLonger = known?.size !== undefined && bytes > known.size
  if (!isLonger || prefix === undefined || prefix.digest !== known.digest || !prefix.endsLine) return { record }
  return { record, appended: { bytes: bytes - (known.size ?? 0), lines: prefix.linesAfter } }
}

/** Whether a file was changed since {@link lookAtFile}, as far as size and time say. */
export async function wasTouched(
  file: ItemFile<unknown, never>,
  { size, mtimeMs }: InputRecord,
  { files, baseDirectory }: Pick<LookOptions, 'files' | 'baseDirectory'>,
): Promise<boolean> {
  const now = await files.stat(itemFilePath(file, baseDirectory)).catch(() => undefined)
  return now === undefined || now.size !== size || (now.mtimeMs !== undefined && now.mtimeMs !== mtimeMs)
}
