import type { ChunkEntry, ChunkKind } from '../format/pack-table.ts'

const digestBytes = 32
const kinds: readonly ChunkKind[] = ['full', 'delta', 'list']
const absent = 255

/** What the tables of a pack say of its chunks, in columns: a pack has some ten thousand. Chunks may be missing, where a repair left frames out. */
export class PackTable {
  /** One more than the highest number of a chunk. */
  readonly count: number
  readonly #digests: Buffer
  readonly #rawBytes: Uint32Array
  readonly #kinds: Uint8Array

  constructor(count: number) {
    this.count = count
    this.#digests = Buffer.alloc(count * digestBytes)
    this.#rawBytes = new Uint32Array(count)
    this.#kinds = new Uint8Array(count).fill(absent)
  }

  /** Bytes in memory, about. */
  get weight(): number {
    return 200 + this.count * (digestBytes + 5)
  }

  set(number: number, { digest, rawBytes, kind }: Pick<ChunkEntry, 'digest' | 'rawBytes' | 'kind'>): void {
    this.#digests.set(digest, number * digestBytes)
    this.#rawBytes[number] = rawBytes
    this.#kinds[number] = kinds.indexOf(kind)
  }

  /** Undefined: there is no such chunk. */
  kind(number: number): ChunkKind | undefined {
    return kinds[this.#kinds[number] ?? absent]
  }

  digest(number: number): Buffer {
    return this.#digests.subarray(number * digestBytes, (number + 1) * digestBytes)
  }

  /** The digests of chunks that follow one another, joined. */
  digests(first: number, count: number): Buffer {
    return this.#digests.subarray(first * digestBytes, (first + count) * digestBytes)
  }

  /** Raw bytes of these chunks; undefined if one of them is not there. */
  bytes(first: number, count: number): number | undefined {
    let bytes = 0
    for (let number = first; number < first + count; number++) {
      if (number >= this.count || this.#kinds[number] === absent) return undefined
      bytes += this.#rawBytes[number] ?? 0
    }
    return bytes
  }
}
