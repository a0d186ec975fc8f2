import { createHash } from 'node:crypto'
import type { FileSystem } from '../files/file-system.ts'
import { makeDurableDirectory, parentOf } from '../files/make-durable-directory.ts'
import { openIfThere } from '../files/open-if-there.ts'

const pieceBytes = 1 << 20

/** Bytes that can be read in pieces: a file, or one that would be. */
export interface ByteSourceLike {
  readonly size: number
  /** Why nothing of it is believed, where that is known: it then reads as zeros. */
  readonly refused?: string
  read(offset: number, length: number): Promise<Uint8Array>
}

export interface FileFacts {
  readonly sha256: string
  readonly bytes: number
  /** True: nothing of it could be opened for want of its key, and this is of zeros. */
  readonly refused?: true
}

export async function* piecesOf(source: ByteSourceLike): AsyncIterableIterator<Uint8Array> {
  for (let at = 0; at < source.size; at += pieceBytes) yield await source.read(at, Math.min(pieceBytes, source.size - at))
}

export async function factsOf(source: ByteSourceLike): Promise<FileFacts> {
  const digest = createHash('sha256')
  for await (const piece of piecesOf(source)) digest.update(piece)
  return { sha256: digest.digest('hex'), bytes: source.size }
}

/** Digest and length of a file; undefined if there is none. */
export async function fileFacts(files: FileSystem, path: string): Promise<FileFacts | undefined> {
  return withFile(files, path, async source => ({
    ...(await factsOf(source)),
    ...(source.refused === undefined ? {} : { refused: true }),
  }))
}

/** Works on a file while it is open; undefined if there is none. */
export const withFile = <T>(
  files: FileSystem,
  path: string,
  work: (source: ByteSourceLike) => Promise<T>,
): Promise<T | undefined> =>
  openIfThere(files, path, async file => {
    const { size } = await file.stat()
    const { refused } = file
    return work({ size, ...(refused === undefined ? {} : { refused }), read: (offset, length) => file.read(offset, length) })
  })

/** All of a small file; undefined if there is none. */
export const readWhole = (files: FileSystem, path: string): Promise<Uint8Array | undefined> =>
  withFile(files, path, source => source.read(0, source.size))

/** Makes a file durable under a name that nobody looks at yet; what is left there of an interrupted attempt is written anew. The name is durable too. */
export async function writeDurably(files: FileSystem, path: string, bytes: Uint8Array | ByteSourceLike): Promise<FileFacts> {
  const source =
    bytes instanceof Uint8Array
      ? { size: bytes.length, read: async (from: number, length: number) => bytes.subarray(from, from + length) }
      : bytes
  await makeDurableDirectory(files, parentOf(path))
  await files.remove(path)
  const file = await files.open(path, 'create')
  const digest = createHash('sha256')
  try {
    let at = 0
    for await (const piece of piecesOf(source)) {
      await file.write(piece, at)
      digest.update(piece)
      at += piece.length
    }
    await file.sync()
  } finally {
    await file.close()
  }
  await files.syncDirectory(parentOf(path))
  return { sha256: digest.digest('hex'), bytes: source.size }
}

/** Copies a file; the copy is durable, and was read back by its digest. False if there is no such file. */
export async function copyDurably(files: FileSystem, from: string, to: string): Promise<boolean> {
  return (await withFile(files, from, source => writeDurably(files, to, source))) !== undefined
}
