import type { BlobStore, BlobWriter } from '../blobs/blob-store.ts'
import { isCompressible } from '../format/compressible.ts'
import type { Compression } from '../format/compression.ts'
import { freeBytes } from '../format/free-bytes.ts'
import { type EncodedFrame, isFrameFull } from '../format/pack-frame.ts'
import type { PackChunk } from '../format/pack-table.ts'
import { PackWriter } from '../format/pack-writer.ts'
import type { Random } from '../model/clock.ts'
import { newPackId } from '../model/ids.ts'
import type { OperationTimer } from '../model/operation-timer.ts'
import type { Operation } from '../model/timings.ts'
import type { ChunkPlace } from './chunk-list.ts'
import { timedWork } from './timed-work.ts'
import type { Workbench } from './workbench.ts'

/** Payload bytes after which a pack is closed and the next begun, before compression: a pack is what pruning frees and what a repair sets aside. */
const packTargetBytes = 32 << 20
/** A frame may end early where compressible bytes are followed by others, or the reverse; not for less than this. */
const leastFrameBytes = 64 * 1024
/** Smaller chunks go with what is before them: to probe each would cost more than to compress it. */
const leastProbedBytes = 32 * 1024
/** What waits for an open frame, before its payloads are copied. */
const callsHeld = 4
/** Frames being encoded or written at a time. */
const framesUnderWay = 6

export interface PackSinkOptions {
  readonly blobs: BlobStore
  readonly storeId: string
  readonly random: Random
  readonly compression: Compression
  /** A pack of so many bytes or fewer is not made a file where it is the only one. */
  readonly inlineUpToBytes: number
  /** Measures what the time goes to. */
  readonly timer?: OperationTimer | undefined
}

/** What became of the chunks added. */
export interface StoredPacks {
  /** The one pack, where it is small enough to ride in a log record. */
  readonly inline?: { readonly pack: string; readonly bytes: Uint8Array }
  /** Bytes of all packs. */
  readonly bytes: number
  readonly packs: readonly string[]
}

interface OpenPack {
  readonly id: string
  readonly writer: PackWriter
  chunks: number
  frames: number
  payloadBytes: number
}

/**
 * Puts new chunks into frames and frames into packs. Chunks get their places at once; encoding and writing go on behind, some frames at a time, in order.
 */
export class PackSink {
  readonly #options: PackSinkOptions
  readonly #workbench: () => Workbench
  readonly #blobs: BlobWriter[] = []
  readonly #packs: string[] = []
  #pack: OpenPack | undefined
  #blob: BlobWriter | undefined
  #frame: PackChunk[] = []
  #frameBytes = 0
  #frameCompressible = true
  /** To be called when the frame is encoded. */
  #frameCalls: (() => void)[] = []
  /** So many of its chunks have payloads of their own. */
  #owned = 0
  /** Packs begun. */
  #opened = 0
  /** What was submitted and is not done, oldest first. */
  readonly #underWay: Promise<void>[] = []
  #bytes = 0
  #failure: { readonly error: unknown } | undefined
  /** Frames of the first pack while it may still be inline. */
  readonly #held: EncodedFrame[] = []

  constructor(options: PackSinkOptions, workbench: () => Workbench) {
    this.#options = options
    this.#workbench = workbench
  }

  /** Where the chunk will be. Its payload must not change before {@link finish} resolves. */
  add(chunk: PackChunk): ChunkPlace {
    const { payload } = chunk
    if (payload.length >= leastProbedBytes) {
      const compressible = isCompressible(payload)
      if (compressible !== this.#frameCompressible && this.#frameBytes >= leastFrameBytes) this.#closeFrame()
      if (this.#frame.length === 0) this.#frameCompressible = compressible
    }
    if (this.#pack !== undefined && this.#pack.payloadBytes >= packTargetBytes && this.#frame.length === 0) this.#closePack()
    const pack = this.#openPack()
    this.#frame.push(chunk)
    this.#frameBytes += payload.length
    pack.payloadBytes += payload.length
    const place: ChunkPlace = { pack: pack.id, number: pack.chunks++, kind: chunk.kind }
    if (isFrameFull(this.#frameBytes, this.#frame.length)) this.#closeFrame()
    return place
  }

  /** Calls back when the payloads added so far are needed no more. */
  onEncoded(call: () => void): void {
    this.#frameCalls.push(call)
    // Where little is new, a frame may stay open for a whole stream: rather than hold all of its memory, the few payloads are copied.
    if (this.#frame.length === 0 || this.#frameCalls.length > callsHeld) this.#ownFrame()
  }

  /** Resolves when there is room for more; rejects if something could not be written. */
  async pace(): Promise<void> {
    while (this.#underWay.length > framesUnderWay) await this.#underWay[0]
    this.#check()
  }

  /** Writes what is left. All packs are durable when it resolves, but for their names: {@link BlobStore.flush}. */
  async finish(): Promise<StoredPacks> {
    this.#closeFrame()
    const only = this.#pack
    if (only === undefined || this.#opened > 1 || only.frames > 1) {
      this.#closePack()
      await this.#drain()
    } else {
      await this.#drain()
      const parts = [only.writer.header(), ...this.#held.flatMap(frame => only.writer.add(frame)), ...only.writer.finish()]
      const bytes = new Uint8Array(Buffer.concat(parts))
      if (bytes.length <= this.#options.inlineUpToBytes) {
        return { inline: { pack: only.id, bytes }, bytes: bytes.length, packs: [] }
      }
      this.#bytes += bytes.length
      const blob = await this.#startFile(only)
      await this.#timed('write', () => blob.append([bytes]))
      await this.#timed('fsync', () => blob.seal())
    }
    return { bytes: this.#bytes, packs: this.#packs }
  }

  /** Gives up everything written. Never rejects. */
  async abandon(): Promise<void> {
    while (this.#underWay.length > 0) await this.#underWay[0]
    for (const blob of this.#blobs) await blob.abandon()
  }

  #ownFrame(): void {
    this.#frame = this.#frame.map((chunk, i) => (i < this.#owned ? chunk : { ...chunk, payload: new Uint8Array(chunk.payload) }))
    this.#owned = this.#frame.length
    const calls = this.#frameCalls
    this.#frameCalls = []
    this.#submit(async () => {
      for (const call of calls) call()
    })
  }

  #openPack(): OpenPack {
    if (this.#pack === undefined) {
      const id = newPackId(this.#options.random)
      this.#opened++
      this.#pack = { id, writer: new PackWriter(id, this.#options.storeId), chunks: 0, frames: 0, payloadBytes: 0 }
    }
    return this.#pack
  }

  #closeFrame(): void {
    const pack = this.#pack
    if (pack === undefined || this.#frame.length === 0) return
    const { compression, timer } = this.#options
    const chunks = this.#frame
    const place = { frame: pack.frames++, firstChunk: pack.chunks - chunks.length }
    const bench = this.#workbench()
    const work = { pack: pack.id, place, chunks, compression }
    const encoding = timedWork(timer, 'compress', bench, onWorked => bench.frame(work, onWorked))
    encoding.catch(() => {})
    // The first frame of a save waits for a second: without one, it may need no file.
    const first = this.#opened === 1 && pack.frames === 1
    const calls = this.#frameCalls
    this.#frame = []
    this.#frameBytes = 0
    this.#frameCalls = []
    this.#owned = 0
    this.#submit(async () => {
      const frame = await encoding
      for (const call of calls) call()
      if (first) this.#held.push(frame)
      else await this.#write(pack, [...this.#held.splice(0), frame])
    })
  }

  #closePack(): void {
    const pack = this.#pack
    if (pack === undefined) return
    this.#closeFrame()
    this.#pack = undefined
    this.#submit(async () => {
      await this.#write(pack, this.#held.splice(0))
      await this.#append(pack.writer.finish())
      const blob = this.#blob
      if (blob !== undefined) await this.#timed('fsync', () => blob.seal())
      this.#blob = undefined
    })
  }

  async #write(pack: OpenPack, frames: readonly EncodedFrame[]): Promise<void> {
    const parts: Uint8Array[] = []
    if (this.#blob === undefined) {
      this.#blob = await this.#startFile(pack)
      parts.push(pack.writer.header())
    }
    for (const frame of frames) parts.push(...pack.writer.add(frame))
    await this.#append(parts)
    for (const frame of frames) freeBytes(frame.bytes)
  }

  async #startFile(pack: OpenPack): Promise<BlobWriter> {
    const blob = await this.#timed('write', () => this.#options.blobs.create(pack.id))
    this.#blobs.push(blob)
    this.#packs.push(pack.id)
    return blob
  }

  async #append(parts: readonly Uint8Array[]): Promise<void> {
    for (const part of parts) this.#bytes += part.length
    const blob = this.#blob
    if (blob !== undefined) await this.#timed('write', () => blob.append(parts))
  }

  #timed<Value>(operation: Operation, work: () => Promise<Value>): Promise<Value> {
    const { timer } = this.#options
    return timer === undefined ? work() : timer.during(operation, work)
  }

  #submit(work: () => Promise<void>): void {
    const before = this.#underWay.at(-1)
    const done = (async () => {
      await before
      if (this.#failure === undefined) await work()
    })()
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => {
        this.#underWay.shift()
      })
    this.#underWay.push(done)
  }

  async #drain(): Promise<void> {
    while (this.#underWay.length > 0) await this.#underWay[0]
    this.#check()
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
