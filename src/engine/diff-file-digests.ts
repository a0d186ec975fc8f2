import { createHash } from 'node:crypto'
import type { CheckpointView } from '../model/run-view.ts'
import { listFiles } from './restore-files.ts'
import type { StoreCore } from './store-core.ts'
import { streamBytes } from './stream-checkpoint.ts'

export interface FileDigest {
  readonly bytes: number
  /** SHA-256 of its content, in hex. */
  readonly digest: string
}

/** The files of a checkpoint by name, each with the digest of its content, in one pass over all of them. */
export async function fileDigests(core: StoreCore, view: CheckpointView): Promise<ReadonlyMap<string, FileDigest>> {
  const files = await listFiles(core, view)
  const hashes = files.map(() => createHash('sha256'))
  let at = 0
  let current = 0
  for await (const piece of streamBytes(core, view)) {
    const end = at + piece.length
    for (; current < files.length; current++) {
      const { offset = 0, length = 0 } = files[current] ?? {}
      const [from, to] = [Math.max(offset, at), Math.min(offset + length, end)]
      if (to > from) hashes[current]?.update(piece.subarray(from - at, to - at))
      if (offset + length > end) break
    }
    at = end
  }
  return new Map(files.map(({ name, length }, index) => [name, { bytes: length, digest: hashes[index]?.digest('hex') ?? '' }]))
}
