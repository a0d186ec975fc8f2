import { createHash } from 'node:crypto'
import type { FileSystem } from '../files/file-system.ts'
import { openInput } from './input-file.ts'

const readBytes = 1 << 20

/** What a file holds, by its bytes. */
export interface FileDigest {
  /** `sha256:<hex>` */
  readonly digest: string
  readonly bytes: number
}

/**
 * The digest of a file, read in pieces of a megabyte.
 *
 * @throws WaymarkError `not_found`, `invalid` for a folder, `unavailable`; the signal's reason
 */
export async function fileDigest(
  files: FileSystem,
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<FileDigest> {
  const file = await openInput(files, path, path)
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for (;;) {
      options.signal?.throwIfAborted()
      const piece = await file.read(bytes, readBytes)
      if (piece.length === 0) return { digest: `sha256:${hash.digest('hex')}`, bytes }
      hash.update(piece)
      bytes += piece.length
    }
  } finally {
    await file.close()
  }
}
