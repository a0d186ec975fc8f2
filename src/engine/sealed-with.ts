import { type FileSystem, fileErrorCode } from '../files/file-system.ts'
import { headerLength, headerMagic, sealedWith as recordsSealedWith } from '../log/segment-format.ts'
import { beginsSealed, decodeSealedHeader } from '../seal/sealed-blocks.ts'

/** A file that holds something of the store's content. */
export interface ContentFile {
  /** Below the folder of the store: `packs/…`. */
  readonly name: string
  readonly bytes: number
  /** Id of the data key it is sealed with; undefined: it is plain. */
  readonly dataKey: string | undefined
}

const folders = ['packs', 'segments', 'requests', 'aside']
/** What a plain store keeps of its catalog, with what SQLite keeps beside it, and the image of a sealed one. The index of chunks of a sealed store says nothing without its keys. */
const catalogName = /^(catalog|events)\.(sqlite|sealed|damaged)/

/**
 * Every file of a store that is sealed, or would be in a sealed store, and with which data key. Reads the first 96 bytes of each. What is removed meanwhile, and what is empty, is left out.
 *
 * @param disk the files as they are on the disk
 */
export async function* sealedWith(disk: FileSystem, root: string): AsyncIterableIterator<ContentFile> {
  for (const name of await disk.list(root)) if (catalogName.test(name)) yield* contentFile(disk, root, name)
  for (const folder of folders) yield* below(disk, root, folder)
}

async function* below(disk: FileSystem, root: string, folder: string): AsyncIterableIterator<ContentFile> {
  const names = (await disk.stat(`${root}/${folder}`))?.kind === 'directory' ? await disk.list(`${root}/${folder}`) : []
  for (const name of names) {
    const path = `${folder}/${name}`
    if ((await disk.stat(`${root}/${path}`))?.kind === 'directory') yield* below(disk, root, path)
    else yield* contentFile(disk, root, path)
  }
}

async function* contentFile(disk: FileSystem, root: string, name: string): AsyncIterableIterator<ContentFile> {
  try {
    const file = await disk.open(`${root}/${name}`, 'read')
    try {
      const [{ size, kind }, head] = [await file.stat(), await file.read(0, headerLength)]
      if (size > 0 && kind === 'file' && !isBegunSegment(name, head)) yield { name, bytes: size, dataKey: dataKeyIn(name, head) }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (fileErrorCode(error) !== 'ENOENT') throw error
  }
}

/** A segment without a whole header holds nothing: its maker was killed, or it was cut to that. */
const isBegunSegment = (name: string, head: Uint8Array): boolean =>
  name.startsWith('segments/') && head.length < headerLength && !beginsSealed(head)

function dataKeyIn(name: string, head: Uint8Array): string | undefined {
  const inBlocks = decodeSealedHeader(head)
  if (inBlocks !== undefined) return inBlocks.keyId
  const isSegment = name.startsWith('segments/') && headerMagic.equals(head.subarray(0, headerMagic.length))
  return isSegment && head.length === headerLength ? recordsSealedWith(head) : undefined
}
