import type { FileSystem } from '../files/file-system.ts'
import { readStart } from '../files/read-start.ts'
import { beginsSealed, sealedHeaderLength } from '../seal/sealed-blocks.ts'
import { copyDurably, type FileFacts, fileFacts, withFile, writeDurably } from './repair-files.ts'
import type { StoreCore } from './store-core.ts'

/** What a file is made with that gets its name by a rename out of a folder whose files are sealed: only packs are sealed where they go. */
export const madeWith = ({ files, disk }: StoreCore, path: string): FileSystem => (isSealedInPlace(path) ? files : disk)

const isSealedInPlace = (path: string): boolean => path.startsWith('packs/')

/**
 * Copies a file of the store to where a repair sets it aside, byte by byte if it is sealed, whether it opens or not: read through the seals it would be zeros where it is damaged, and nobody could put the damage right any more. What
 * is plain is sealed in the copy.
 *
 * @param path and what follows: in the folder of the store
 */
export async function copyAside(core: StoreCore, path: string, aside: string): Promise<void> {
  const { files, path: root } = core
  const isKept = isSealedInPlace(path) && (await isKeptAsItIs(core, path))
  await copyDurably(isKept ? core.disk : files, `${root}/${path}`, `${root}/${aside}`)
}

/** Copies what was set aside to where it is made before it gets its name, and tells what it is then. */
export async function copyBack(core: StoreCore, aside: string, path: string, made: string): Promise<FileFacts | undefined> {
  const { files, disk, path: root } = core
  if (isSealedInPlace(path)) await copyDurably(disk, `${root}/${aside}`, `${root}/${made}`)
  else await withFile(files, `${root}/${aside}`, source => writeDurably(disk, `${root}/${made}`, source))
  return fileFacts(madeWith(core, path), `${root}/${made}`)
}

async function isKeptAsItIs({ disk, seals, path: root }: StoreCore, path: string): Promise<boolean> {
  if (seals?.acceptsPlain !== true) return true
  const start = await readStart(disk, `${root}/${path}`, sealedHeaderLength)
  return start !== undefined && beginsSealed(start)
}
