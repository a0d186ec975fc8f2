import { dirname } from 'node:path'
import { fileFault } from '../files/file-faults.ts'
import type { FileSystem } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'

export interface WholeFileOptions {
  /** Replaces a file that is there. Default false. */
  readonly replace?: boolean
  readonly signal?: AbortSignal | undefined
}

const temporarySuffix = '.waymark.tmp'
/** Small pieces are gathered to this length. */
const writeBytes = 1 << 20

/**
 * Writes a file that appears under its name whole and durable, or not at all: what was there under that name stays until then.
 *
 * @returns the bytes written
 * @throws WaymarkError `conflict` if it is there and not to be replaced, `cancelled` by the signal, `disk_full`, `unavailable`, and what `pieces` throws
 */
export async function writeWholeFile(
  files: FileSystem,
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  options: WholeFileOptions = {},
): Promise<number> {
  const replace = options.replace ?? false
  const temporary = `${path}${temporarySuffix}`
  try {
    await checkTarget(files, path, replace)
    await files.remove(temporary)
    const file = await files.open(temporary, 'create')
    let length = 0
    try {
      for await (const bytes of gathered(pieces, options.signal)) {
        await file.write(bytes, length)
        length += bytes.length
      }
      await file.sync()
      await file.close()
      await checkTarget(files, path, replace)
      await files.rename(temporary, path)
    } catch (error) {
      await file.close()
      await files.remove(temporary).catch(() => {})
      throw error
    }
    await files.syncDirectory(dirname(path))
    return length
  } catch (error) {
    throw fileFault(error, `write ${path}`, 'No file was written; the store was not changed.')
  }
}

async function* gathered(pieces: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncIterableIterator<Uint8Array> {
  let held: Uint8Array[] = []
  let bytes = 0
  for await (const piece of pieces) {
    if (signal?.aborted === true) throw stopped()
    held.push(piece)
    bytes += piece.length
    if (bytes < writeBytes) continue
    yield Buffer.concat(held)
    held = []
    bytes = 0
  }
  if (signal?.aborted === true) throw stopped()
  if (bytes > 0) yield Buffer.concat(held)
}

async function checkTarget(files: FileSystem, path: string, replace: boolean): Promise<void> {
  const there = await files.stat(path)
  if (there === undefined || (replace && there.kind === 'file')) return
  throw new WaymarkError('conflict', {
    message: `${path} ${there.kind === 'file' ? 'exists already' : 'is no file that can be replaced'}`,
    means: 'Nothing was written.',
    remedy: there.kind === 'file' ? 'Write to another file, or replace this one with --force.' : 'Write to another file.',
    details: { path },
  })
}

const stopped = (): WaymarkError =>
  new WaymarkError('cancelled', {
    message: 'stopped before the file was whole',
    means: 'No file was written; the store was not changed.',
    remedy: 'Run the same command again.',
  })
