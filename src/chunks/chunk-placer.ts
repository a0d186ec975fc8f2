import { applyDelta, encodeDelta } from '../format/delta.ts'
import { sha256 } from '../format/sha256.ts'
import type { OperationTimer } from '../model/operation-timer.ts'
import { type ChunkIndexEntry, isSampled } from './chunk-index.ts'
import { ChunkList, type ChunkPlace } from './chunk-list.ts'
import { encodeDeltaPayload } from './delta-payload.ts'
import type { KnownChunks } from './known-chunks.ts'
import type { PackSink } from './pack-sink.ts'
import type { DeltaBase, ParentChunks } from './parent-chunks.ts'
import { timedWork } from './timed-work.ts'
import type { Workbench } from './workbench.ts'

/** Windows hashed ahead of the one whose chunks are being placed. */
const windowsAhead = 2
/** A chunk that is shorter is kept whole: the list of its base would be as long as what a delta saves. */
const leastDeltaBytes = 512

export interface ChunkPlacerOptions {
  readonly sink: PackSink
  readonly workbench: () => Workbench
  readonly parent?: ParentChunks | undefined
  /** Undefined where nothing that is there already is to be used. */
  readonly known?: KnownChunks | undefined
  /** Measures what the time goes to. */
  readonly timer?: OperationTimer | undefined
}

/** What a stream has turned out to be. */
export interface StreamEnd {
  readonly chunks: ChunkList
  /** SHA-256 over the digests of the chunks, in order. */
  readonly digest: Buffer
}

/** Chunks of a stream that are waiting for their place. */
type Waiting =
  | { readonly kind: 'new'; readonly chunks: readonly Uint8Array[]; readonly digests: Promise<readonly Uint8Array[]> }
  | { readonly kind: 'known'; readonly list: ChunkList; readonly from: number; readonly to: number }
  | { readonly kind: 'done'; readonly call: () => void }

/** Gives every chunk of a stream a place, in order: where it is already, or in a pack of this save, as it is or as a delta. */
export class ChunkPlacer {
  readonly #options: ChunkPlacerOptions
  readonly #list = new ChunkList()
  readonly #remember: ChunkIndexEntry[] = []
  readonly #waiting: Waiting[] = []
  #standsOnParent = false

  constructor(options: ChunkPlacerOptions) {
    this.#options = options
  }

  /** What the index should remember once the log record is there. */
  get remember(): readonly ChunkIndexEntry[] {
    return this.#remember
  }

  /** Whether something of the parent is used: chunks that it has too, or a delta on one of them. */
  get standsOnParent(): boolean {
    return this.#standsOnParent
  }

  /** The next chunks. Their bytes must not change before {@link onDone} says so. Resolves when there is room for more. */
  async add(chunks: readonly Uint8Array[]): Promise<void> {
    if (chunks.length === 0) return
    const bench = this.#options.workbench()
    const digests = timedWork(this.#options.timer, 'hash', bench, onWorked => bench.digests(chunks, onWorked))
    digests.catch(() => {})
    this.#waiting.push({ kind: 'new', chunks, digests })
    while (this.#waiting.length > windowsAhead) await this.#placeNext()
  }

  /** The next chunks are those of another list, from its index `from` to before `to`: none of their bytes is needed. */
  addKnown(list: ChunkList, from: number, to: number): void {
    this.#waiting.push({ kind: 'known', list, from, to })
  }

  /** Calls back when the bytes of everything added so far are needed no more. */
  onDone(call: () => void): void {
    this.#waiting.push({ kind: 'done', call })
  }

  /** Places what is waiting. Resolves with how many chunks there are so far. */
  async settle(): Promise<number> {
    while (this.#waiting.length > 0) await this.#placeNext()
    return this.#list.count
  }

  /** Places what is waiting: the stream is known. */
  async end(): Promise<StreamEnd> {
    await this.settle()
    return { chunks: this.#list, digest: sha256(this.#list.digests) }
  }

  async #placeNext(): Promise<void> {
    const next = this.#waiting.shift()
    if (next?.kind === 'new') await this.#placeNew(next.chunks, await next.digests)
    else if (next?.kind === 'known') this.#placeKnown(next.list, next.from, next.to)
    else if (next?.kind === 'done') this.#options.sink.onEncoded(next.call)
  }

  async #placeNew(chunks: readonly Uint8Array[], digests: readonly Uint8Array[]): Promise<void> {
    const { timer, sink } = this.#options
    const place = () => this.#placeAll(chunks, digests)
    await (timer === undefined ? place() : timer.during('chunk', place))
    await sink.pace()
  }

  async #placeAll(chunks: readonly Uint8Array[], digests: readonly Uint8Array[]): Promise<void> {
    const hasParentAll = this.#options.parent?.readAhead(digests, chunks) ?? false
    if (!hasParentAll) await this.#options.known?.prepare(digests, this.#list.count === 0)
    for (const [i, chunk] of chunks.entries()) {
      const digest = digests[i]
      if (digest === undefined) continue
      this.#push(digest, chunk.length, this.#placeOf(digest, chunk.length) ?? (await this.#keep(digest, chunk)))
    }
  }

  #placeKnown(list: ChunkList, from: number, to: number): void {
    if (to > from) this.#standsOnParent = true
    for (let index = from; index < to; index++) {
      this.#options.parent?.moveTo(list.digest(index), list.rawBytes(index))
      this.#push(list.digest(index), list.rawBytes(index), list.place(index))
    }
  }

  #push(digest: Uint8Array, rawBytes: number, place: ChunkPlace): void {
    this.#list.push(digest, rawBytes, place)
  }

  /** Where the chunk is already. */
  #placeOf(digest: Uint8Array, rawBytes: number): ChunkPlace | undefined {
    const { parent, known } = this.#options
    const inParent = parent?.find(digest)
    if (inParent !== undefined) {
      this.#standsOnParent = true
      return inParent
    }
    const own = this.#list.find(digest)
    const place = own >= 0 && this.#list.digest(own).equals(digest) ? this.#list.place(own) : known?.find(digest)
    if (place !== undefined) parent?.skip(rawBytes)
    return place
  }

  async #keep(digest: Uint8Array, chunk: Uint8Array): Promise<ChunkPlace> {
    const { sink, parent } = this.#options
    const rawBytes = chunk.length
    const base = rawBytes < leastDeltaBytes ? undefined : await parent?.base(rawBytes)
    const delta = base === undefined ? undefined : deltaPayload(chunk, base)
    if (base !== undefined) parent?.tried(delta !== undefined)
    if (delta !== undefined) this.#standsOnParent = true
    parent?.skip(rawBytes)
    const place =
      delta === undefined
        ? sink.add({ digest, rawBytes, kind: 'full', payload: chunk })
        : sink.add({ digest, rawBytes, kind: 'delta', payload: delta })
    if (this.#remember.length === 0 || isSampled(digest)) this.#remember.push({ digest, pack: place.pack })
    return place
  }
}

/** A delta of at most half the chunk, or undefined. */
function deltaPayload(chunk: Uint8Array, base: DeltaBase): Uint8Array | undefined {
  const delta = encodeDelta(chunk, base.bytes, chunk.length >>> 1)
  if (delta === undefined) return undefined
  // What cannot be read back is worth nothing; to look costs less than to write it.
  const back = applyDelta(delta, base.bytes, chunk.length)
  return Buffer.compare(back, chunk) === 0 ? encodeDeltaPayload(base.spans, delta) : undefined
}
