import type { PackReference } from '../format/manifest.ts'

/** How a chunk is kept: whole, as a delta against others, or whole and part of a manifest. */
export type ChunkKind = 'full' | 'delta' | 'list'

/** Where a chunk is. */
export interface ChunkPlace {
  readonly pack: PackReference
  /** Number within the pack. */
  readonly number: number
  readonly kind: ChunkKind
}

export const digestBytes = 32
/** Small: a state of a few KB is a handful of chunks, and arrays of up to 64 bytes lie in V8's heap, where they cost a tenth. */
const firstCapacity = 8

/**
 * The chunks of a stream of bytes, in order, with where each begins and where it is kept. Columns instead of objects: a large state has some ten thousand chunks, and lists of the last
 * few checkpoints are kept in memory.
 */
export class ChunkList {
  readonly #packs: PackReference[] = []
  readonly #packIndexes = new Map<string, number>()
  #count = 0
  #bytes = 0
  #digests: Buffer
  #ends: Float64Array
  #packOf: Uint32Array
  #numbers: Uint32Array
  #kinds: Uint8Array
  #indexes: Map<string, number> | undefined

  /** With room for so many; it grows beyond. */
  constructor(capacity = firstCapacity) {
    this.#digests = Buffer.allocUnsafeSlow(capacity * digestBytes)
    this.#ends = new Float64Array(capacity)
    this.#packOf = new Uint32Array(capacity)
    this.#numbers = new Uint32Array(capacity)
    this.#kinds = new Uint8Array(capacity)
  }

  get count(): number {
    return this.#count
  }

  /** Raw bytes of all chunks. */
  get bytes(): number {
    return this.#bytes
  }

  push(digest: Uint8Array, rawBytes: number, place: ChunkPlace): void {
    if (this.#count === this.#ends.length) this.#grow()
    const index = this.#count++
    this.#digests.set(digest, index * digestBytes)
    this.#bytes += rawBytes
    this.#ends[index] = this.#bytes
    this.#packOf[index] = this.#packIndex(place.pack)
    this.#numbers[index] = place.number
    this.#kinds[index] = kinds.indexOf(place.kind)
    this.#indexes?.set(digestKey(digest), index)
  }

  /** Those of all chunks, one behind the other. A view, valid while the list is not added to. */
  get digests(): Buffer {
    return this.#digests.subarray(0, this.#count * digestBytes)
  }

  /** A view, valid while the list is not added to. */
  digest(index: number): Buffer {
    return this.#digests.subarray(index * digestBytes, (index + 1) * digestBytes)
  }

  /** Where the chunk begins in the stream. */
  offset(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] ?? 0)
  }

  rawBytes(index: number): number {
    return (this.#ends[index] ?? 0) - this.offset(index)
  }

  place(index: number): ChunkPlace {
    const pack = this.#packs[this.#packOf[index] ?? 0]
    return { pack: pack ?? '', number: this.#numbers[index] ?? 0, kind: kinds[this.#kinds[index] ?? 0] ?? 'full' }
  }

  /** A chunk with this digest, or -1. */
  find(digest: Uint8Array): number {
    if (this.#indexes === undefined) {
      this.#indexes = new Map()
      for (let index = 0; index < this.#count; index++) this.#indexes.set(digestKey(this.digest(index)), index)
    }
    return this.#indexes.get(digestKey(digest)) ?? -1
  }

  /** The chunk that holds the byte at `offset`; the count where the stream ends before it. */
  indexAt(offset: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ends[middle] ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Chunks `from` to before `to` as a list of their own, which takes no more memory than they need. */
  slice(from: number, to: number): ChunkList {
    const list = new ChunkList(to - from)
    for (let index = from; index < to; index++) list.push(this.digest(index), this.rawBytes(index), this.place(index))
    return list
  }

  /** Names a pack that rides in a record by the record, once that is written. */
  rename(from: PackReference, to: PackReference): void {
    const index = this.#packIndexes.get(packKey(from))
    if (index === undefined) return
    this.#packs[index] = to
    this.#packIndexes.delete(packKey(from))
    this.#packIndexes.set(packKey(to), index)
  }

  #packIndex(pack: PackReference): number {
    const key = packKey(pack)
    let index = this.#packIndexes.get(key)
    if (index === undefined) {
      index = this.#packs.push(pack) - 1
      this.#packIndexes.set(key, index)
    }
    return index
  }

  #grow(): void {
    const capacity = Math.max(firstCapacity, this.#ends.length * 2)
    const digests = Buffer.allocUnsafeSlow(capacity * digestBytes)
    digests.set(this.#digests)
    this.#digests = digests
    this.#ends = grown(new Float64Array(capacity), this.#ends)
    this.#packOf = grown(new Uint32Array(capacity), this.#packOf)
    this.#numbers = grown(new Uint32Array(capacity), this.#numbers)
    this.#kinds = grown(new Uint8Array(capacity), this.#kinds)
  }
}

const kinds: readonly ChunkKind[] = ['full', 'delta', 'list']

/** The same text for the same pack. */
export function packKey(pack: PackReference): string {
  return typeof pack === 'string' ? pack : `${pack.segment}:${pack.offset}`
}

/** Half a digest is enough to tell chunks apart in memory; who acts on it compares all of it. */
export function digestKey(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, 16).toString('latin1')
}

function grown<Column extends Float64Array | Uint32Array | Uint8Array>(column: Column, old: Column): Column {
  column.set(old)
  return column
}
