import type { FileStat, FileSystem, OpenFile } from '../files/file-system.ts'
import { fileErrorCode } from '../files/file-system.ts'
import type { Random } from '../model/clock.ts'
import { isWaymarkError } from '../model/errors.ts'
import { fileKeys } from './file-keys.ts'
import { lacksKey } from './lacks-key.ts'
import {
  type BlockLength,
  BlockSeal,
  contentLength,
  decodeSealedHeader,
  encodeSealedHeader,
  leastSealedLength,
  longBlock,
  saltLength,
  sealedHeaderLength,
  shortBlock,
} from './sealed-blocks.ts'
import { notSealed, SealedReader, unknownKey } from './sealed-reader.ts'
import { type FileSeal, SealedWriter } from './sealed-writer.ts'
import type { Seals } from './seals.ts'
import { zeroedFile } from './zeroed-file.ts'

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
const wholeFiles = ['catalog.sealed']
/** Where there may be sealed files. */
const readFolders = [...sealedFolders, 'segments/']

/**
 * The files of a sealed store as if they were plain: what is written once is sealed in blocks, and what is sealed is opened when it is read, at the same offsets as in a plain file. Files that are not sealed are read as
 * they are: those from before the store was sealed, and those that seal their own parts, as new segments of the log do.
 *
 * A block that does not open reads as zeros, and so does a plain file once the store accepts none, and a file sealed with a data key that the ring does not have: every byte of a pack is covered by a digest of its own, which then names the damage as it does in a plain store, and parity heals it. So is every byte of a segment, whose
 * end is found by reading: whoever looks for it asks what did not open. The image of the catalog rejects instead.
 */
export function sealedFiles(options: SealedFilesOptions): FileSystem {
  const { files, root } = options
  const isIn = (folders: readonly string[], path: string): boolean => folders.some(folder => path.startsWith(`${root}/${folder}`))
  const opened = (path: string): Promise<OpenFile> => openSealed(options, path, isIn(wholeFiles, path))
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
      if (mode === 'create' && isIn(sealedFolders, path)) return createSealed(options, path, permissions)
      return files.open(path, mode, permissions)
    },
    async stat(path): Promise<FileStat | undefined> {
      const stat = await files.stat(path)
      if (stat === undefined || stat.kind !== 'file' || !isIn(readFolders, path) || stat.size < leastSealedLength) return stat
      try {
        const file = await opened(path)
        try {
          return file instanceof SealedReader && file.isCut(stat.size) ? stat : await file.stat()
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

/**
 * The content of a file, whether it is sealed or plain.
 *
 * @param isWhole true: a block that does not open rejects; false: it reads as zeros
 * @throws WaymarkError `corrupt`, `unsupported`
 */
export async function openSealed(options: SealedFilesOptions, path: string, isWhole: boolean): Promise<OpenFile> {
  for (let attempt = 1; ; attempt++) {
    const file = await options.files.open(path, 'read')
    try {
      const found = await readable(options, path, file, isWhole)
      if (found.refused === undefined || attempt === attempts) return found
      await found.close()
    } catch (error) {
      await file.close().catch(() => {})
      if (attempt === attempts || !isWaymarkError(error, 'corrupt')) throw error
    }
  }
}

/** A file may be sealed anew in the moment it is opened, and its old key forgotten: then another one has the name by now. */
const attempts = 2

/** A new file that is sealed with the newest data key. */
export async function createSealed(options: SealedFilesOptions, path: string, permissions?: number): Promise<OpenFile> {
  const file = await options.files.open(path, 'create', permissions)
  try {
    // Only now: whoever makes a new key, and then looks for what is sealed with others, finds this file or is known here.
    await options.seals.settle()
    return new SealedWriter(file, newSeal(options, path.startsWith(`${options.root}/segments/`) ? shortBlock : longBlock))
  } catch (error) {
    await file.close().catch(() => {})
    await options.files.remove(path).catch(() => {})
    throw error
  }
}

async function readable(
  { seals, storeId, root }: SealedFilesOptions,
  path: string,
  file: OpenFile,
  isWhole: boolean,
): Promise<OpenFile> {
  const bytes = await file.read(0, sealedHeaderLength)
  const header = decodeSealedHeader(bytes)
  if (header === undefined) {
    // Segments whose records are sealed one by one are told apart by who reads them.
    if (path.startsWith(`${root}/segments/`)) return file
    // A plain store has none under this name, so it is nobody's of this store.
    if (seals.acceptsPlain && !path.startsWith(`${root}/catalog.sealed`)) return file
    if (isWhole) throw notSealed(path)
    return zeroedFile(file)
  }
  const { keyId, salt, blockLength } = header
  const key = blockLength === undefined ? undefined : await seals.find(keyId)
  if (blockLength === undefined || (key === undefined && isWhole)) throw unknownKey(path, header)
  if (key === undefined) return zeroedFile(file, lacksKey(keyId), length => contentLength(length, blockLength) ?? length)
  const blocks = new BlockSeal(fileKeys(key, salt, purpose), bytes, blockLength, storeId)
  return new SealedReader(file, blocks, path, isWhole)
}

function newSeal({ seals, storeId, random }: SealedFilesOptions, blockLength: BlockLength): FileSeal {
  const salt = random.bytes(saltLength)
  const header = encodeSealedHeader(seals.current.id, salt, blockLength)
  return { header, blocks: new BlockSeal(fileKeys(seals.current, salt, purpose), header, blockLength, storeId) }
}
