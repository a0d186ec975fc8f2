import type { BlobStore, BlobWriter } from '../blobs/blob-store.ts'
import { ParityBuilder } from '../format/parity.ts'

/** Packs are closed at 32 MiB of payload; what compression does not make shorter has heads and tables besides. */
const mostPackBytes = 40 << 20

/**
 * Packs that each get a parity file of the same name in `parities`: durable before the pack has its name, so that a pack that was written with parity is never found without. Both must be of one
 * folder: then {@link BlobStore.flush} makes both names durable.
 */
export function withParity(packs: BlobStore, parities: BlobStore, storeId: string): BlobStore {
  return {
    create: async name => new ParityWriter(await packs.create(name), parities, name, storeId),
    flush: () => packs.flush(),
    open: name => packs.open(name),
    size: name => packs.size(name),
    async remove(name) {
      await packs.remove(name)
      await parities.remove(name)
    },
    list: () => packs.list(),
  }
}

class ParityWriter implements BlobWriter {
  readonly #pack: BlobWriter
  readonly #parities: BlobStore
  readonly #name: string
  readonly #builder: ParityBuilder
  #parity: BlobWriter | undefined

  constructor(pack: BlobWriter, parities: BlobStore, name: string, storeId: string) {
    this.#pack = pack
    this.#parities = parities
    this.#name = name
    this.#builder = new ParityBuilder(name, storeId, mostPackBytes)
  }

  append(parts: readonly Uint8Array[]): Promise<void> {
    for (const part of parts) this.#builder.add(part)
    return this.#pack.append(parts)
  }

  async seal(): Promise<void> {
    this.#parity = await this.#parities.create(this.#name)
    await this.#parity.append(this.#builder.finish())
    await this.#parity.seal()
    await this.#pack.seal()
  }

  async abandon(): Promise<void> {
    await this.#pack.abandon()
    await this.#parity?.abandon()
  }
}
