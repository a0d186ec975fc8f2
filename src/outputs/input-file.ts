import { fileFault } from '../files/file-faults.ts'
import { type FileStat, type FileSystem, fileErrorCode, type OpenFile } from '../files/file-system.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'

/** A file of the user's, open for reading. Failures of the disk come out as WaymarkErrors that name the file. */
export interface InputFile {
  /** Up to `length` bytes at `position`; shorter only at the end of the file. */
  read(position: number, length: number): Promise<Buffer>
  stat(): Promise<FileStat>
  close(): Promise<void>
}

/**
 * Opens a file. `shown` is what messages call it.
 *
 * @throws WaymarkError `not_found`; `invalid` for anything but a regular file; `unavailable`
 */
export async function openInput(files: FileSystem, path: string, shown: string): Promise<InputFile> {
  let file: OpenFile
  try {
    const stat = await files.stat(path)
    if (stat === undefined) throw missing(path, shown)
    // Asked first because opening a pipe would wait for its other end.
    if (stat.kind !== 'file') throw notAFile(path, shown, stat.kind)
    file = await files.open(path, 'read')
  } catch (error) {
    throw inputFailed(error, path, shown)
  }
  return {
    async read(position, length) {
      try {
        const bytes = await file.read(position, length)
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      } catch (error) {
        throw inputFailed(error, path, shown)
      }
    },
    stat: () => file.stat(),
    close: () => file.close(),
  }
}

function inputFailed(error: unknown, path: string, shown: string): WaymarkError {
  if (isWaymarkError(error)) return error
  const means = 'Items not yet read are unknown; nothing was changed.'
  switch (fileErrorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return missing(path, shown)
    case 'EACCES':
    case 'EPERM':
      return new WaymarkError('unavailable', {
        message: `cannot read ${shown}: permission denied`,
        means,
        remedy: `Make it readable for this user: chmod u+r ${path}`,
        cause: error,
        details: { file: path },
      })
    default:
      return fileFault(error, `read ${shown}`, means)
  }
}

function missing(path: string, shown: string): WaymarkError {
  return new WaymarkError('not_found', {
    message: `There is no file ${shown}`,
    means: 'No item was read from it.',
    remedy: `Put the file at ${path}, or correct the path in the pipeline.`,
    details: { file: path },
  })
}

function notAFile(path: string, shown: string, kind: 'directory' | 'other'): WaymarkError {
  return new WaymarkError('invalid', {
    message: `${shown} is ${kind === 'directory' ? 'a folder' : 'a pipe or a device'}, not a file`,
    means: 'No item was read from it.',
    remedy: 'Name a regular file.',
    details: { file: path },
  })
}
