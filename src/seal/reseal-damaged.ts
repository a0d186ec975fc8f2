import { createHash } from 'node:crypto'
import { type CountBytes, replaceFile } from '../files/replace-file.ts'
import { notTheSame, pieceBytes } from './reseal-file.ts'
import { type BlockLength, blockOffset, sealedBlockLength } from './sealed-blocks.ts'
import { createSealed, openSealed, type SealedFilesOptions } from './sealed-files.ts'
import { SealedReader } from './sealed-reader.ts'

/**
 * Seals a damaged file with the newest data key: what opens says the same, and what does not open opens in the new one neither, which is proven before it takes the place of the one before. `false`, with nothing changed, if the file
 * was removed or replaced meanwhile; `nothing` if its header is damaged, or its key is not among those of the store, so that nothing of it can be opened.
 *
 * @param path of a file sealed in blocks
 * @param temporary a name in the same folder that nobody uses
 * @throws file errors
 */
export async function resealDamaged(
  options: SealedFilesOptions,
  path: string,
  temporary: string,
  count: CountBytes = () => {},
): Promise<boolean | 'nothing'> {
  const { files } = options
  let opens = true
  const isReplaced = await replaceFile({
    files,
    path,
    temporary,
    async write() {
      const target = await createSealed(options, temporary)
      let before: Contents | undefined
      try {
        before = await contentsOf(options, path, async (piece, at) => {
          await target.write(piece, at)
          count(piece.length)
        })
        await target.sync()
      } finally {
        await target.close()
      }
      opens = before !== undefined
      if (before === undefined) return false
      await spoil(options, temporary, before)
      const after = await contentsOf(options, temporary)
      if (after?.digest === before.digest && String(after.unopened) === String(before.unopened)) return true
      throw notTheSame(path)
    },
  })
  return opens ? isReplaced : 'nothing'
}

interface Contents {
  readonly blockLength: BlockLength
  /** SHA-256, with zeros for what does not open. */
  readonly digest: string
  /** Numbers of the blocks that do not open. */
  readonly unopened: readonly number[]
}

/** Undefined if nothing of it can be opened. */
async function contentsOf(
  options: SealedFilesOptions,
  path: string,
  take?: (piece: Uint8Array, at: number) => Promise<void>,
): Promise<Contents | undefined> {
  const file = await openSealed(options, path, false)
  try {
    if (!(file instanceof SealedReader)) return undefined
    const { size } = await file.stat()
    const digest = createHash('sha256')
    for (let at = 0; at < size; at += pieceBytes) {
      const piece = await file.read(at, Math.min(pieceBytes, size - at))
      digest.update(piece)
      await take?.(piece, at)
    }
    // Of one that is cut to nothing the only block there may be.
    const unopened = size === 0 && (await file.firstUnopened(0)) !== undefined ? [0] : file.unopenedBlocks
    return { blockLength: file.blockLength, digest: digest.digest('hex'), unopened }
  } finally {
    await file.close()
  }
}

/** Makes blocks of a file such that they do not open. */
async function spoil({ files }: SealedFilesOptions, path: string, { blockLength, unopened }: Contents): Promise<void> {
  const file = await files.open(path, 'write')
  try {
    const { size } = await file.stat()
    for (const index of unopened) {
      const start = blockOffset(index, blockLength)
      await file.write(Buffer.alloc(Math.min(sealedBlockLength(blockLength), size - start)), start)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}
