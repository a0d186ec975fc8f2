import type { ChunkIndex, ChunkIndexEntry } from '../chunks/chunk-index.ts'
import { digestKey } from '../chunks/chunk-list.ts'

/** A chunk index in memory, for all processes of a simulated machine. It outlives a crash with hints to packs that did not: they must do no harm. */
export class MemoryChunkIndex implements ChunkIndex {
  readonly #entries = new Map<string, ChunkIndexEntry>()

  async find(digests: readonly Uint8Array[]): Promise<readonly (ChunkIndexEntry['pack'] | undefined)[]> {
    return digests.map(digest => this.#entries.get(digestKey(digest))?.pack)
  }

  add(entries: readonly ChunkIndexEntry[]): void {
    for (const entry of entries) this.#entries.set(digestKey(entry.digest), entry)
  }

  async close(): Promise<void> {}
}
