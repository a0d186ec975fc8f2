import { freeBytes } from '../format/free-bytes.ts'
import { type ChunkRun, damagedManifest, type Manifest, manifestBytes, type PackReference } from '../format/manifest.ts'
import type { PackFrame } from '../format/pack-frame.ts'
import { packKey } from './chunk-list.ts'
import { LruMap } from './lru-map.ts'
import type { Packs } from './pack-shelf.ts'
import { chunkBytes } from './read-chunk.ts'

/** Frames kept while a stream is read through: chunks of one lie between changed ones of others. */
const framesAtHand = 8
/** Of these, frames that are on their way. */
const framesAhead = 3

/** A chunk of a stream. */
export interface StreamChunk {
  /** Where it begins in the stream. */
  readonly offset: number
  /** Gone when the next chunk is asked for. */
  readonly bytes: Uint8Array
  readonly digest: Uint8Array
}

/** So much room is made for a claim that nothing was held against yet. */
const unprovenBytes = 16 << 20

/** How a reading gets at frames. */
type Frames = (pack: PackReference, index: number, chunk: number) => Promise<PackFrame>

/** Reads the stream of bytes that a manifest names; every chunk is checked against its digest. */
export class StreamReader {
  readonly #packs: Packs
  readonly #manifest: Manifest
  readonly length: number

  constructor(packs: Packs, manifest: Manifest) {
    this.#packs = packs
    this.#manifest = manifest
    this.length = manifestBytes(manifest)
  }

  /** The chunks that hold bytes from `from` to before `to`, in order, for who reads much. Frames in between are not read. */
  async *chunks(from = 0, to = this.length): AsyncIterableIterator<StreamChunk> {
    this.#packs.expect(to - from)
    const frames = new LruMap<Promise<PackFrame>>(framesAtHand, frame => void frame.then(freeFrame, () => {}))
    const take: Frames = (pack, index, chunk) =>
      frames.getOrMake(`${packKey(pack)} ${index}`, () => this.#packs.takeFrame(pack, chunk))
    yield* this.#chunks(from, to, take)
  }

  /**
   * That the packs can hold as many bytes as the manifest claims: before room is made for them.
   *
   * @throws WaymarkError `corrupt`
   */
  async checkClaim(): Promise<void> {
    if (this.length <= unprovenBytes) return
    for (const { pack: index, first, count, bytes } of this.#manifest.runs) {
      const pack = this.#manifest.packs[index]
      if (pack === undefined) throw damagedManifest('a run names no pack')
      const reader = await this.#packs.reader(pack)
      if (first + count > reader.chunkCount) throw damagedManifest('a run goes beyond its pack')
      const last = reader.frameOf(first + count - 1)
      let most = 0
      for (let frame = reader.frameOf(first); frame <= last; frame++) most += reader.frames[frame]?.chunkBytes ?? 0
      if (bytes > most) throw damagedManifest('a run has another length than its chunks')
    }
  }

  /** Exactly these bytes, the caller's own, for who reads here and there. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (length > unprovenBytes) await this.checkClaim()
    const result = Buffer.allocUnsafeSlow(length)
    let filled = 0
    const shared: Frames = (pack, _index, chunk) => this.#packs.frameOf(pack, chunk)
    for await (const chunk of this.#chunks(offset, offset + length, shared)) {
      const first = Math.max(0, offset - chunk.offset)
      const part = chunk.bytes.subarray(first, offset + length - chunk.offset)
      result.set(part, chunk.offset + first - offset)
      filled += part.length
    }
    if (filled !== length) throw damagedManifest('it ends before its bytes')
    return result
  }

  async *#chunks(from: number, to: number, frames: Frames): AsyncIterableIterator<StreamChunk> {
    let offset = 0
    for (const run of this.#manifest.runs) {
      const end = offset + run.bytes
      if (offset >= to) return
      if (end > from) yield* this.#run(run, offset, from, to, frames)
      offset = end
    }
  }

  async *#run(run: ChunkRun, start: number, from: number, to: number, frames: Frames): AsyncIterableIterator<StreamChunk> {
    const pack = this.#manifest.packs[run.pack]
    if (pack === undefined) throw damagedManifest('a run names no pack')
    const reader = await this.#packs.reader(pack)
    const last = run.first + run.count
    if (last > reader.chunkCount) throw damagedManifest('a run goes beyond its pack')
    let offset = start
    for (let number = run.first; number < last && offset < to; ) {
      const index = reader.frameOf(number)
      const frame = reader.frames[index]
      if (frame === undefined) throw damagedManifest('a frame is missing')
      const frameEnd = Math.min(last, frame.firstChunk + frame.chunks)
      // A frame whose chunks all count and all lie before what is asked for is passed over by its length alone.
      if (number === frame.firstChunk && frameEnd === number + frame.chunks && offset + frame.chunkBytes <= from) {
        offset += frame.chunkBytes
        number = frameEnd
        continue
      }
      const { chunks } = await frames(pack, index, number)
      // The next frames are read and decoded while this one is used.
      for (let ahead = 1, end = frameEnd; ahead <= framesAhead && end < last && offset + ahead * frame.chunkBytes < to; ahead++) {
        frames(pack, index + ahead, end).catch(() => {})
        end += reader.frames[index + ahead]?.chunks ?? last
      }
      for (; number < frameEnd && offset < to; number++) {
        const chunk = chunks[number - frame.firstChunk]
        if (chunk === undefined) throw damagedManifest('a chunk is missing')
        if (offset + chunk.rawBytes > start + run.bytes) throw damagedManifest('a run has another length than its chunks')
        if (offset + chunk.rawBytes > from) {
          yield { offset, bytes: await chunkBytes(this.#packs, pack, number, chunk), digest: chunk.digest }
        }
        offset += chunk.rawBytes
      }
    }
    if (offset < to && offset !== start + run.bytes) throw damagedManifest('a run has another length than its chunks')
  }
}

/** What zlib takes beyond the payload. */
const slackBytes = 64

/** The payload lies in a buffer of its own, alone or behind the head of the frame; unless it is part of something larger. */
function freeFrame({ chunks, rawBytes }: PackFrame): void {
  const payload = chunks[0]?.payload
  if (payload === undefined) return
  const behind = payload.buffer.byteLength - payload.byteOffset - rawBytes
  if (behind <= slackBytes) freeBytes(new Uint8Array(payload.buffer))
}
