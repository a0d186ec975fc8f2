import type { Seals } from '../seal/seals.ts'
import type { ChunkIndex } from './chunk-index.ts'

/** The index of a sealed store: it remembers names made with a secret in place of digests, which would tell what is in the store to whoever has it too. */
export function keyedChunkIndex(index: ChunkIndex, seals: Seals): ChunkIndex {
  const nameOf = (digest: Uint8Array): Uint8Array => seals.nameBytes('chunk', digest)
  return {
    find: digests => index.find(digests.map(nameOf)),
    add: entries => index.add(entries.map(({ digest, pack }) => ({ digest: nameOf(digest), pack }))),
    close: () => index.close(),
  }
}
