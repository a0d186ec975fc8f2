import { createHash } from 'node:crypto'
import type { OpenFile } from '../files/file-system.ts'
import { type CountBytes, replaceFile } from '../files/replace-file.ts'
import { WaymarkError } from '../model/errors.ts'
import { createSealed, openSealed, type SealedFilesOptions } from './sealed-files.ts'

export const pieceBytes = 1 << 20

/**
 * Seals a file, plain or sealed, with the newest data key; its content stays the same, which is proven before it takes the place of the one before. False, with nothing changed, if the file was removed or replaced meanwhile.
 *
 * @param temporary a name in the same folder that nobody uses
 * @throws WaymarkError `corrupt` if a part of it does not open: then it is left as it is; file errors
 */
export function resealFile(
  options: SealedFilesOptions,
  path: string,
  temporary: string,
  count: CountBytes = () => {},
): Promise<boolean> {
  const { files } = options
  return replaceFile({
    files,
    path,
    temporary,
    async write() {
      const read = await copy(options, path, temporary, count)
      if (read !== (await digestOf(await openSealed(options, temporary, true)))) throw notTheSame(path)
      return true
    },
  })
}

/** Resolves with the SHA-256 of what was read. */
async function copy(options: SealedFilesOptions, path: string, to: string, count: CountBytes): Promise<string> {
  const source = await openSealed(options, path, true)
  try {
    const target = await createSealed(options, to)
    try {
      const digest = createHash('sha256')
      const { size } = await source.stat()
      for (let at = 0; at < size; at += pieceBytes) {
        const piece = await source.read(at, Math.min(pieceBytes, size - at))
        digest.update(piece)
        await target.write(piece, at)
        count(piece.length)
      }
      await target.sync()
      return digest.digest('hex')
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

async function digestOf(file: OpenFile): Promise<string> {
  try {
    const digest = createHash('sha256')
    const { size } = await file.stat()
    for (let at = 0; at < size; at += pieceBytes) digest.update(await file.read(at, Math.min(pieceBytes, size - at)))
    return digest.digest('hex')
  } finally {
    await file.close()
  }
}

export const notTheSame = (path: string): WaymarkError =>
  new WaymarkError('unavailable', {
    message: `${path} does not read back as it was when it is sealed anew`,
    means: 'It was left as it is; nothing is lost.',
    remedy: 'Check the disk and the memory of the machine, then try again.',
    details: { path },
  })
