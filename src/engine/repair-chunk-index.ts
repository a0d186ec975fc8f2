import { type ChunkIndexEntry, isSampled } from '../chunks/chunk-index.ts'
import { PackReader } from '../format/pack-reader.ts'
import { isWaymarkError } from '../model/errors.ts'
import { withFile } from './repair-files.ts'
import type { StoreCore } from './store-core.ts'

const sqliteMagic = Buffer.from('SQLite format 3\0', 'latin1')
export const indexPath = ({ path }: StoreCore): string => `${path}/chunks.sqlite`

/** False if what remembers chunks is missing although there are some to remember, or is no database. Damage inside it is noticed, and mended, when it is used. */
export async function isIndexUsable(core: StoreCore): Promise<boolean> {
  const head = await withFile(core.files, indexPath(core), source => source.read(0, Math.min(sqliteMagic.length, source.size)))
  if (head !== undefined) return head.length === 0 || sqliteMagic.equals(head)
  for await (const _entry of sampledChunks(core)) return false
  return true
}

/** Fills what remembers chunks from the tables of the packs. */
export async function rebuildIndex(core: StoreCore): Promise<void> {
  const index = core.openChunkIndex(indexPath(core))
  try {
    for await (const entries of sampledChunks(core)) index.add(entries)
  } finally {
    await index.close()
  }
}

/** The chunks of each pack that the index should remember. */
async function* sampledChunks(core: StoreCore): AsyncIterableIterator<readonly ChunkIndexEntry[]> {
  for (const pack of await core.blobs.list()) {
    const entries: ChunkIndexEntry[] = []
    try {
      const blob = await core.blobs.open(pack)
      try {
        const reader = await PackReader.open((offset, length) => blob.read(offset, length), pack, blob.size, core.storeId)
        for (const index of reader.frames.keys()) {
          for (const { digest, kind } of await reader.readTable(index))
            if (kind !== 'list' && isSampled(digest)) entries.push({ digest, pack })
        }
      } finally {
        await blob.close()
      }
    } catch (error) {
      // What cannot be read is not worth finding.
      if (!isWaymarkError(error)) throw error
    }
    if (entries.length > 0) yield entries
  }
}
