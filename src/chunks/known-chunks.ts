import type { PackReference } from '../format/manifest.ts'
import { isWaymarkError } from '../model/errors.ts'
import { type ChunkIndex, isSampled } from './chunk-index.ts'
import { ChunkList, type ChunkPlace, packKey } from './chunk-list.ts'
import { listPack } from './list-chunks.ts'
import type { Packs } from './pack-shelf.ts'

/** Packs whose chunks one save looks through. */
const mostPacks = 64

/** Chunks that the store is known to hold already, besides those of the parent: found by the index, which names only what is durable, then by their neighbours in the same pack. A pack is of one save, so they are as durable. */
export class KnownChunks {
  readonly #index: ChunkIndex
  readonly #packs: Packs
  readonly #lists = new Map<string, ChunkList>()

  constructor(index: ChunkIndex, packs: Packs) {
    this.#index = index
    this.#packs = packs
  }

  /** Asks the index for these chunks, before {@link find} is asked for each. `always` are looked up also where the index would not have remembered them by chance. */
  async prepare(digests: readonly Uint8Array[], always: boolean): Promise<void> {
    const asked = digests.filter((digest, i) => ((always && i === 0) || isSampled(digest)) && this.find(digest) === undefined)
    if (asked.length === 0) return
    for (const pack of await this.#index.find(asked)) {
      if (pack !== undefined && this.#lists.size < mostPacks) await this.#look(pack)
    }
  }

  find(digest: Uint8Array): ChunkPlace | undefined {
    for (const list of this.#lists.values()) {
      const index = list.find(digest)
      if (index >= 0 && list.digest(index).equals(digest)) return list.place(index)
    }
    return undefined
  }

  async #look(pack: PackReference): Promise<void> {
    if (this.#lists.has(packKey(pack))) return
    try {
      this.#lists.set(packKey(pack), await listPack(this.#packs, pack))
    } catch (error) {
      // A pack that is gone or damaged is not reused; to say so is the business of who verifies or loads.
      if (!isWaymarkError(error)) throw error
      this.#lists.set(packKey(pack), new ChunkList())
    }
  }
}
