import type { FileStat, FileSystem, OpenFile } from '../files/file-system.ts'
import { fileErrorCode } from '../files/file-system.ts'
import type { Random } from '../model/clock.ts'
import { fileKeys } from './file-keys.ts'
import {
  BlockSeal,
  contentLength,
  decodeSealedHeader,
  encodeSealedHeader,
  saltLength,
  sealedHeaderLength,
} from './sealed-blocks.ts'
import { SealedReader, unknownKey } from './sealed-reader.ts'
import { SealedWriter } from './sealed-writer.ts'
import type { Seals } from './seals.ts'

/** Kind of the files whose keys are derived here. */
const purpose = 'file'

export interface SealedFilesOptions {
  readonly files: FileSystem
  /** Folder of the store. */
  readonly root: string
  readonly storeId: string
  readonly seals: Seals
  readonly random: Random
}

/** What the paths of files begin with that are sealed when they are made. */
const sealedFolders = ['packs/', 'requests/', 'aside/', 'catalog.sealed']
/** What is not read at all if a part of it does not open. */
const wholeFiles = ['segments/', 'catalog.sealed']
/** Where there may be sealed files. */
const readFolders = [...sealedFolders, 'segments/']

/**
 * The files of a sealed store as if they were plain: what is written once is sealed in blocks, and what is sealed is opened when it is read, at the same offsets as in a plain file. Files that are not sealed are read as
 * they are: those from before the store was sealed, and those that seal their own parts, as new segments of the log do.
 *
 * A block that does not open reads as zeros: every byte of a pack is covered by a digest of its own, which then names the damage as it does in a plain store, and parity heals it. A segment, whose end is found by reading, rejects
 * instead, as does the image of the catalog.
 */
export function sealedFiles(options: SealedFilesOptions): FileSystem {
  const { files, root } = options
  const isIn = (folders: readonly string[], path: string): boolean => folders.some(folder => path.startsWith(`${root}/${folder}`))
  const opened = async (path: string): Promise<OpenFile> => {
    const file = await files.open(path, 'read')
    try {
      return await readable(options, path, file, isIn(wholeFiles, path))
    } catch (error) {
      await file.close().catch(() => {})
      throw error
    }
  }
  return {
    makeDirectory: (path, permissions) => files.makeDirectory(path, permissions),
    realPath: path => files.realPath(path),
    list: path => files.list(path),
    exists: path => files.exists(path),
    rename: (from, to) => files.rename(from, to),
    remove: path => files.remove(path),
    syncDirectory: path => files.syncDirectory(path),
    async open(path, mode, permissions) {
      if (mode === 'read') return isIn(readFolders, path) ? opened(path) : files.open(path, mode)
      if (mode === 'create' && isIn(sealedFolders, path))
        return new SealedWriter(await files.open(path, mode, permissions), newSeal(options))
      return files.open(path, mode, permissions)
    },
    async stat(path): Promise<FileStat | undefined> {
      const stat = await files.stat(path)
      if (stat === undefined || stat.kind !== 'file' || !isIn(readFolders, path) || contentLength(stat.size) === undefined)
        return stat
      try {
        const file = await opened(path)
        try {
          return await file.stat()
        } finally {
          await file.close()
        }
      } catch (error) {
        // Removed, or renamed, since it was looked at.
        if (fileErrorCode(error) === 'ENOENT') return undefined
        throw error
      }
    },
  }
}

async function readable(
  { seals, storeId }: SealedFilesOptions,
  path: string,
  file: OpenFile,
  isWhole: boolean,
): Promise<OpenFile> {
  const bytes = await file.read(0, sealedHeaderLength)
  const header = decodeSealedHeader(bytes)
  if (header === undefined) return file
  const key = header.known ? await seals.find(header.keyId) : undefined
  if (key === undefined) throw unknownKey(path, header)
  return new SealedReader(file, new BlockSeal(fileKeys(key, header.salt, purpose), bytes, storeId), path, isWhole)
}

function newSeal({ seals, storeId, random }: SealedFilesOptions): { readonly header: Buffer; readonly blocks: BlockSeal } {
  const salt = random.bytes(saltLength)
  const header = encodeSealedHeader(seals.current.id, salt)
  return { header, blocks: new BlockSeal(fileKeys(seals.current, salt, purpose), header, storeId) }
}
