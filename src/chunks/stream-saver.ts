import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { Compression } from '../format/compression.ts'
import { blobChunks, ChunkCutter, type ChunkSizes, chunkLength, valueChunks } from '../format/cut-chunks.ts'
import { sha256 } from '../format/sha256.ts'
import type { Random } from '../model/clock.ts'
import type { OperationTimer } from '../model/operation-timer.ts'
import type { ChunkIndex, ChunkIndexEntry } from './chunk-index.ts'
import { ChunkList } from './chunk-list.ts'
import { ChunkPlacer, type StreamEnd } from './chunk-placer.ts'
import { KnownChunks } from './known-chunks.ts'
import type { PackShelf } from './pack-shelf.ts'
import { PackSink, type StoredPacks } from './pack-sink.ts'
import { ParentChunks } from './parent-chunks.ts'
import type { Workbenches } from './workbench.ts'

/** Chunk bytes hashed and placed together; between two of these others get their turn. */
const windowBytes = 1 << 20

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
  /** Measures what the time goes to. */
  readonly timer?: OperationTimer | undefined
}

/** What a part of a stream is made of: encoded values, whose edits are small, or plain bytes. */
export type PartKind = 'value' | 'blob'

/** The next of a stream: bytes, or chunks that are known from before. */
export type StreamPiece = BytesPiece | KnownPiece

export interface BytesPiece {
  readonly kind: PartKind
  /** Must not change before `release` is called or the save has ended. */
  readonly bytes: Uint8Array
  /** Set on the last piece of a part: the next chunk begins behind it. */
  readonly endsPart: boolean
  /** Called when the bytes are needed no more. */
  readonly release?: () => void
}

/** A whole part, or a stretch of one that begins and ends at a cut: chunks of `list` from `from` to before `to`. */
export interface KnownPiece {
  readonly kind: 'known'
  readonly list: ChunkList
  readonly from: number
  readonly to: number
}

/** Pieces of a manifest: an edit of the state changes little of it. */
const listChunks: ChunkSizes = { minBytes: 512, targetBytes: 2048, maxBytes: 16384 }

/** Cuts a stream of bytes into chunks and keeps those that the store does not have. */
export class StreamSaver {
  readonly #options: StreamSaverOptions
  readonly #sink: PackSink
  readonly #placer: ChunkPlacer
  #cutter: ChunkCutter | undefined
  #cutting: PartKind | undefined
  #window: Uint8Array[] = []
  #windowBytes = 0
  /** Bytes of the stream so far. */
  #bytes = 0
  /** Of the piece whose last bytes may still be in the cutter. */
  #release: (() => void) | undefined
  /** Of the pieces before it, whose chunks may still be in the window. */
  #windowReleases: (() => void)[] = []

  constructor(options: StreamSaverOptions) {
    this.#options = options
    const workbench = () => options.workbenches.forBytes(this.#bytes)
    this.#sink = new PackSink(options, workbench)
    this.#placer = new ChunkPlacer({
      sink: this.#sink,
      workbench,
      timer: options.timer,
      known: options.full ? undefined : new KnownChunks(options.index, options.shelf),
      parent: options.parent === undefined || options.full ? undefined : new ParentChunks(options.parent, options.shelf),
    })
  }

  /** Resolves when there is room for more. */
  async add(piece: StreamPiece): Promise<void> {
    if (piece.kind === 'known') return this.#addKnown(piece)
    const { kind, bytes, endsPart, release } = piece
    if (this.#cutting !== kind) this.#endPart()
    this.#cutting = kind
    this.#bytes += bytes.length
    const before = this.#release
    this.#release = release
    if (this.#cutter === undefined && bytes.length > windowBytes) await this.#cutWhole(bytes, sizesOf(kind))
    else await this.#cutNext(bytes, sizesOf(kind))
    if (before !== undefined) this.#windowReleases.push(before)
    if (endsPart) this.#endPart()
  }

  /**
   * Places what is left: the stream is known.
   *
   * @param front bytes of a part that comes before all others, where it could not be known sooner
   */
  async end(front?: Uint8Array): Promise<StreamEnd> {
    await this.#endAdded()
    if (front === undefined) return this.#placer.end()
    const count = await this.#placer.settle()
    await this.#cutNext(front, sizesOf('value'))
    await this.#endAdded()
    return inFront(await this.#placer.end(), count)
  }

  async #endAdded(): Promise<void> {
    this.#endPart()
    if (this.#release !== undefined) this.#windowReleases.push(this.#release)
    this.#release = undefined
    await this.#closeWindow()
  }

  /** Keeps bytes that are about the stream as chunks of their own: a manifest too large for its record. `before` are those of the checkpoint before. */
  async addList(bytes: Uint8Array, before: ChunkList | undefined): Promise<ChunkList> {
    const list = new ChunkList()
    const cutter = new ChunkCutter(listChunks, chunk => {
      const digest = sha256(chunk)
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
    const { blobs, timer } = this.#options
    const flush = () => blobs.flush()
    if (stored.packs.length > 0) await (timer === undefined ? flush() : timer.during('fsync', flush))
    return stored
  }

  /** What the index should remember once the log record is there. */
  get remember(): readonly ChunkIndexEntry[] {
    return this.#placer.remember
  }

  get standsOnParent(): boolean {
    return this.#placer.standsOnParent
  }

  /** Gives up what was written. Never rejects. */
  abandon(): Promise<void> {
    return this.#sink.abandon()
  }

  async #addKnown({ list, from, to }: KnownPiece): Promise<void> {
    this.#endPart()
    await this.#closeWindow()
    this.#placer.addKnown(list, from, to)
  }

  /** Bytes that begin a part and are many: cut where they lie, so that no chunk straddles. */
  async #cutWhole(bytes: Uint8Array, sizes: ChunkSizes): Promise<void> {
    const { timer } = this.#options
    for (let from = 0; from < bytes.length; ) {
      timer?.enter('chunk')
      const length = chunkLength(bytes, from, bytes.length, sizes)
      timer?.leave('chunk')
      // Without a cut before the end, what comes next may belong to the same chunk.
      if (from + length === bytes.length && length < sizes.maxBytes) return this.#cutNext(bytes.subarray(from), sizes)
      this.#cut(bytes.subarray(from, from + length))
      from += length
      if (this.#windowBytes >= windowBytes) await this.#closeWindow()
    }
  }

  async #cutNext(bytes: Uint8Array, sizes: ChunkSizes): Promise<void> {
    this.#cutter ??= new ChunkCutter(sizes, chunk => this.#cut(chunk))
    for (let from = 0; from < bytes.length; from += windowBytes) {
      const { timer } = this.#options
      timer?.enter('chunk')
      this.#cutter.push(bytes.subarray(from, from + windowBytes))
      timer?.leave('chunk')
      if (this.#windowBytes >= windowBytes) await this.#closeWindow()
    }
  }

  #endPart(): void {
    this.#cutter?.finish()
    this.#cutter = undefined
    this.#cutting = undefined
  }

  #cut(chunk: Uint8Array): void {
    this.#window.push(chunk)
    this.#windowBytes += chunk.length
  }

  async #closeWindow(): Promise<void> {
    const window = this.#window
    this.#window = []
    this.#windowBytes = 0
    const releases = this.#windowReleases
    this.#windowReleases = []
    await this.#placer.add(window)
    for (const release of releases) this.#placer.onDone(release)
    // Hashing elsewhere or not: whatever else the process has to do gets its turn.
    if (this.#bytes <= windowBytes) return
    const { timer } = this.#options
    await (timer === undefined ? setImmediate() : timer.during('turn', setImmediate))
  }
}

/** The chunks from number `from` on before all others. */
function inFront({ chunks }: StreamEnd, from: number): StreamEnd {
  const list = new ChunkList(chunks.count)
  const digest = createHash('sha256')
  for (let index = 0; index < chunks.count; index++) {
    const at = (from + index) % chunks.count
    digest.update(chunks.digest(at))
    list.push(chunks.digest(at), chunks.rawBytes(at), chunks.place(at))
  }
  return { chunks: list, digest: digest.digest() }
}

const sizesOf = (kind: PartKind): ChunkSizes => (kind === 'value' ? valueChunks : blobChunks)
