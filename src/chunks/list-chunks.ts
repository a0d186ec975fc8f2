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

/** Tables read at a time. */
const tablesAtOnce = 32

async function addChunks(packs: Packs, list: ChunkList, pack: PackReference, first: number, count: number): Promise<void> {
  const reader = await packs.reader(pack)
  if (first + count > reader.chunkCount) throw damagedManifest('a run goes beyond its pack')
  const firstFrame = reader.frameOf(first)
  const lastFrame = reader.frameOf(first + count - 1)
  for (let from = firstFrame; from <= lastFrame; from += tablesAtOnce) {
    const frames = Array.from({ length: Math.min(tablesAtOnce, lastFrame + 1 - from) }, (_, i) => from + i)
    const tables = await Promise.all(frames.map(frame => reader.readTable(frame)))
    for (const [i, table] of tables.entries()) {
      const frameFirst = reader.frames[from + i]?.firstChunk ?? 0
      for (const [j, entry] of table.entries()) {
        const number = frameFirst + j
        if (number >= first && number < first + count) list.push(entry.digest, entry.rawBytes, { pack, number, kind: entry.kind })
      }
    }
  }
}
