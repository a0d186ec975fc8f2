import { createHash } from 'node:crypto'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { Compression } from '../format/compression.ts'
import { blobChunks, ChunkCutter, type ChunkSizes, valueChunks } from '../format/cut-chunks.ts'
import { applyDelta, encodeDelta } from '../format/delta.ts'
import type { Random } from '../model/clock.ts'
import { type ChunkIndex, type ChunkIndexEntry, isSampled } from './chunk-index.ts'
import { ChunkList, type ChunkPlace } from './chunk-list.ts'
import { encodeDeltaPayload } from './delta-payload.ts'
import { KnownChunks } from './known-chunks.ts'
import type { PackShelf } from './pack-shelf.ts'
import { PackSink, type StoredPacks } from './pack-sink.ts'
import { ParentChunks } from './parent-chunks.ts'
import { digestOf, type Workbenches } from './workbench.ts'

/** Chunk bytes hashed and placed together; between two of these others get their turn. */
const windowBytes = 1 << 20
/** Windows hashed ahead of the one whose chunks are being placed. */
const windowsAhead = 2
/** A chunk that is shorter is kept whole: the list of its base would be as long as what a delta saves. */
const leastDeltaBytes = 512

export interface StreamSaverOptions {
  readonly blobs: BlobStore
  readonly shelf: PackShelf
  readonly index: ChunkIndex
  readonly workbenches: Workbenches
  readonly storeId: string
  readonly random: Random
  readonly compression: Compression
  /** The chunks of the checkpoint before, which this one is expected to resemble. */
  readonly parent?: ChunkList
  /** Keeps every chunk anew and whole: the save then stands on no other. */
  readonly full: boolean
  readonly inlineUpToBytes: number
}

/** Pieces of a manifest: an edit of the state changes little of it. */
const listChunks: ChunkSizes = { minBytes: 512, targetBytes: 2048, maxBytes: 16384 }

interface HashedWindow {
  readonly chunks: readonly Uint8Array[]
  readonly digests: Promise<readonly Uint8Array[]>
}

/** What a part of a stream is made of: encoded values, whose edits are small, or plain bytes. */
export type PartKind = 'value' | 'blob'

/** What a stream has turned out to be. */
export interface StreamEnd {
  readonly chunks: ChunkList
  /** SHA-256 over the digests of the chunks, in order. */
  readonly digest: Buffer
}

/**
 * Cuts a stream of bytes into chunks and keeps those that the store does not have: as they are, or as a delta against the checkpoint before. Bytes given must not change before
 * {@link finish} resolves.
 */
export class StreamSaver {
  readonly #options: StreamSaverOptions
  readonly #list = new ChunkList()
  readonly #sink: PackSink
  readonly #parent: ParentChunks | undefined
  readonly #known: KnownChunks | undefined
  readonly #digest = createHash('sha256')
  readonly #remember: ChunkIndexEntry[] = []
  #cutter: ChunkCutter | undefined
  #cutting: PartKind | undefined
  #window: Uint8Array[] = []
  #windowBytes = 0
  /** Bytes of the stream so far. */
  #bytes = 0
  /** Windows that are being hashed, oldest first. */
  readonly #hashing: HashedWindow[] = []

  constructor(options: StreamSaverOptions) {
    this.#options = options
    this.#sink = new PackSink(options, () => options.workbenches.forBytes(this.#bytes))
    if (options.full) return
    this.#known = new KnownChunks(options.index, options.shelf)
    if (options.parent !== undefined) this.#parent = new ParentChunks(options.parent, options.shelf)
  }

  /** The next bytes of a part. Resolves when there is room for more. */
  async add(kind: PartKind, piece: Uint8Array): Promise<void> {
    if (this.#cutting !== kind) this.endPart()
    this.#cutting = kind
    this.#bytes += piece.length
    this.#cutter ??= new ChunkCutter(kind === 'value' ? valueChunks : blobChunks, chunk => this.#cut(chunk))
    for (let from = 0; from < piece.length; from += windowBytes) {
      this.#cutter.push(piece.subarray(from, from + windowBytes))
      if (this.#windowBytes < windowBytes) continue
      this.#hashWindow()
      if (this.#hashing.length > windowsAhead) await this.#placeWindow()
    }
  }

  /** Ends a part: the next chunk begins with what is added next. */
  endPart(): void {
    this.#cutter?.finish()
    this.#cutter = undefined
  }

  /** Places what is left: the stream is known. */
  async end(): Promise<StreamEnd> {
    this.endPart()
    this.#hashWindow()
    while (this.#hashing.length > 0) await this.#placeWindow()
    return { chunks: this.#list, digest: this.#digest.digest() }
  }

  /** Keeps bytes that are about the stream as chunks of their own: a manifest too large for its record. `before` are those of the checkpoint before. */
  async addList(bytes: Uint8Array, before: ChunkList | undefined): Promise<ChunkList> {
    const list = new ChunkList()
    const cutter = new ChunkCutter(listChunks, chunk => {
      const digest = digestOf(chunk)
      const index = this.#options.full ? -1 : (before?.find(digest) ?? -1)
      const known = index >= 0 && before?.digest(index).equals(digest) ? before.place(index) : undefined
      const place = known ?? this.#sink.add({ digest, rawBytes: chunk.length, kind: 'list', payload: chunk })
      list.push(digest, chunk.length, place)
    })
    cutter.push(bytes)
    cutter.finish()
    await this.#sink.pace()
    return list
  }

  /** All packs are durable when it resolves, names included. */
  async finish(): Promise<StoredPacks> {
    const stored = await this.#sink.finish()
    if (stored.packs.length > 0) await this.#options.blobs.flush()
    return stored
  }

  /** What the index should remember once the log record is there. */
  get remember(): readonly ChunkIndexEntry[] {
    return this.#remember
  }

  /** Gives up what was written. Never rejects. */
  abandon(): Promise<void> {
    return this.#sink.abandon()
  }

  #cut(chunk: Uint8Array): void {
    this.#window.push(chunk)
    this.#windowBytes += chunk.length
  }

  #hashWindow(): void {
    const chunks = this.#window
    if (chunks.length === 0) return
    this.#window = []
    this.#windowBytes = 0
    const digests = this.#options.workbenches.forBytes(this.#bytes).digests(chunks)
    digests.catch(() => {})
    this.#hashing.push({ chunks, digests })
  }

  async #placeWindow(): Promise<void> {
    const window = this.#hashing.shift()
    if (window === undefined) return
    const { chunks } = window
    const digests = await window.digests
    await this.#known?.prepare(digests, this.#list.count === 0)
    for (const [i, chunk] of chunks.entries()) {
      const digest = digests[i]
      if (digest === undefined) continue
      this.#digest.update(digest)
      const place = this.#placeOf(digest, chunk.length) ?? (await this.#keep(digest, chunk))
      this.#list.push(digest, chunk.length, place)
    }
    await this.#sink.pace()
  }

  /** Where the chunk is already. */
  #placeOf(digest: Uint8Array, rawBytes: number): ChunkPlace | undefined {
    const inParent = this.#parent?.find(digest)
    if (inParent !== undefined) return inParent
    const own = this.#list.find(digest)
    const known = own >= 0 && this.#list.digest(own).equals(digest) ? this.#list.place(own) : this.#known?.find(digest)
    if (known !== undefined) this.#parent?.skip(rawBytes)
    return known
  }

  async #keep(digest: Uint8Array, chunk: Uint8Array): Promise<ChunkPlace> {
    const rawBytes = chunk.length
    const delta = rawBytes < leastDeltaBytes ? undefined : await this.#delta(chunk)
    this.#parent?.skip(rawBytes)
    const place = this.#sink.add(
      delta === undefined ? { digest, rawBytes, kind: 'full', payload: chunk } : { digest, rawBytes, kind: 'delta', payload: delta },
    )
    if (this.#remember.length === 0 || isSampled(digest)) this.#remember.push({ digest, pack: place.pack })
    return place
  }

  async #delta(chunk: Uint8Array): Promise<Uint8Array | undefined> {
    const parent = this.#parent
    const base = await parent?.base(chunk.length)
    if (parent === undefined || base === undefined) return undefined
    const delta = encodeDelta(chunk, base.bytes, chunk.length >>> 1)
    parent.tried(delta !== undefined)
    if (delta === undefined) return undefined
    // What cannot be read back is worth nothing; to look costs less than to write it.
    const back = applyDelta(delta, base.bytes, chunk.length)
    return Buffer.compare(back, chunk) === 0 ? encodeDeltaPayload(base.spans, delta) : undefined
  }
}
