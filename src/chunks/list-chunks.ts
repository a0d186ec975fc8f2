import type { Manifest, PackReference } from '../format/manifest.ts'
import { damagedManifest } from '../format/manifest.ts'
import { ChunkList } from './chunk-list.ts'
import type { Packs } from './pack-shelf.ts'

/**
 * The chunks that a manifest names, from the tables of their packs: none of their bytes is read.
 *
 * @throws WaymarkError `corrupt` if a pack is missing, a table is damaged, or they do not fit the manifest
 */
export async function listChunks(packs: Packs, manifest: Manifest): Promise<ChunkList> {
  const list = new ChunkList()
  for (const run of manifest.runs) {
    const pack = manifest.packs[run.pack]
    if (pack === undefined) throw damagedManifest('a run names no pack')
    const before = list.bytes
    await addChunks(packs, list, pack, run.first, run.count)
    if (list.bytes - before !== run.bytes) throw damagedManifest('a run has another length than its chunks')
  }
  return list
}

/** All chunks of a pack. */
export async function listPack(packs: Packs, pack: PackReference): Promise<ChunkList> {
  const list = new ChunkList()
  const reader = await packs.reader(pack)
  if (reader.chunkCount > 0) await addChunks(packs, list, pack, 0, reader.chunkCount)
  return list
}

async function addChunks(packs: Packs, list: ChunkList, pack: PackReference, first: number, count: number): Promise<void> {
  const reader = await packs.reader(pack)
  if (first + count > reader.chunkCount) throw damagedManifest('a run goes beyond its pack')
  for (let number = first; number < first + count; ) {
    const frame = reader.frameOf(number)
    const table = await reader.readTable(frame)
    const frameFirst = reader.frames[frame]?.firstChunk ?? 0
    const end = Math.min(first + count, frameFirst + table.length)
    for (; number < end; number++) {
      const entry = table[number - frameFirst]
      if (entry !== undefined) list.push(entry.digest, entry.rawBytes, { pack, number, kind: entry.kind })
    }
  }
}
