import { Buffer } from 'node:buffer'
import { chunkLength, valueChunks } from '../format/cut-chunks.ts'
import type { Splice } from '../format/splice-value.ts'
import type { ChunkList } from './chunk-list.ts'
import type { PartKind, StreamPiece } from './stream-saver.ts'

/** A byte string of so many bytes is a part of its own (`encode-parts.ts`). */
const leastBlobBytes = 64 * 1024

/** The bytes of chunk `index` of a list, each asked for once and in order; whoever asks may keep them. */
export type ReadChunk = (index: number) => Promise<Uint8Array>

/**
 * An encoded value with splices, as it is saved: the chunks that no splice touches by their names, and the bytes of those touched. After a splice it goes on cutting until a cut falls where one was
 * before; so the chunks are those that cutting the whole changed value would give, and few more are read than lie under the splices.
 *
 * @param endsWithBlob whether the value before the splices ends with a part of kind `blob`
 */
export async function* splicedPieces(
  list: ChunkList,
  readChunk: ReadChunk,
  splices: readonly Splice[],
  endsWithBlob: boolean,
): AsyncIterableIterator<StreamPiece> {
  const open = new OpenPart()
  let next = 0
  let index = 0
  // Byte of the stream before the splices that comes next; in chunk `index`, whose bytes are there if any of them are used.
  let at = 0
  let chunk: Uint8Array | undefined
  for (;;) {
    const splice = splices[next]
    if (open.isCut && at === list.offset(index)) {
      const to = splice === undefined ? list.count : firstTouched(list, splice, endsWithBlob)
      if (to > index) {
        yield* open.end()
        yield { kind: 'known', list, from: index, to }
        index = to
        at = list.offset(index)
        chunk = undefined
      }
    }
    if (splice !== undefined && at === splice.offset) {
      yield* splicePieces(open, splice)
      next++
      at += splice.removed
      const within = list.indexAt(at)
      if (within !== index) chunk = undefined
      index = within
      continue
    }
    if (index === list.count) break
    chunk ??= await readChunk(index)
    const start = list.offset(index)
    const end = start + chunk.length
    const to = Math.min(end, splice?.offset ?? end)
    yield* open.add(chunk.subarray(at - start, to - start))
    at = to
    if (at < end) continue
    if (endsPart(list, index, chunk)) yield* open.end()
    index++
    chunk = undefined
  }
  yield* open.end()
}

/** The value with its splices, where it is not kept as chunks: in one piece, and where in it the content of large binary leaves lies. */
export function* piecesOf(bytes: Uint8Array, blobs: Splice['blobs']): Iterable<StreamPiece> {
  let at = 0
  for (const { offset, length } of blobs) {
    if (offset > at) yield piece('value', bytes.subarray(at, offset))
    yield piece('blob', bytes.subarray(offset, offset + length))
    at = offset + length
  }
  if (at < bytes.length) yield piece('value', bytes.subarray(at))
}

/** A part of kind `value` that is being cut, as the saver will cut it: what is handed out ends at a cut. */
class OpenPart {
  /** Since the last cut. */
  #held: Uint8Array[] = []
  #heldBytes = 0

  /** Whether a chunk that begins with what comes next is the one that would begin there if all was cut. */
  get isCut(): boolean {
    if (this.#heldBytes === 0) return true
    if (this.#heldBytes < valueChunks.minBytes) return false
    const held = this.#joined()
    return isCutBehind(held)
  }

  *add(bytes: Uint8Array): Iterable<StreamPiece> {
    if (bytes.length === 0) return
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    if (this.#heldBytes < valueChunks.maxBytes) return
    const held = this.#joined()
    let from = 0
    for (;;) {
      const length = chunkLength(held, from, held.length, valueChunks)
      if (from + length === held.length && length < valueChunks.maxBytes) break
      from += length
      if (from === held.length) break
    }
    yield piece('value', held.subarray(0, from), false)
    this.#held = from === held.length ? [] : [held.subarray(from)]
    this.#heldBytes = held.length - from
  }

  /** The part ends here. */
  *end(): Iterable<StreamPiece> {
    if (this.#heldBytes > 0) yield piece('value', this.#joined())
    this.#held = []
    this.#heldBytes = 0
  }

  #joined(): Uint8Array {
    const held = this.#held.length === 1 && this.#held[0] !== undefined ? this.#held[0] : Buffer.concat(this.#held)
    this.#held = [held]
    return held
  }
}

function* splicePieces(open: OpenPart, { bytes, blobs }: Splice): Iterable<StreamPiece> {
  let at = 0
  for (const { offset, length } of blobs) {
    yield* open.add(bytes.subarray(at, offset))
    yield* open.end()
    at = offset + length
    yield piece('blob', bytes.subarray(offset, at))
  }
  yield* open.add(bytes.subarray(at))
}

function piece(kind: PartKind, bytes: Uint8Array, endsPart = true): StreamPiece {
  return { kind, bytes, endsPart }
}

/** The chunk with which reading begins for a splice. What is put behind the last byte goes on with the last chunk, unless that is not of its kind. */
function firstTouched(list: ChunkList, { offset }: Splice, endsWithBlob: boolean): number {
  const touched = list.indexAt(offset)
  return touched === list.count && !endsWithBlob ? Math.max(0, touched - 1) : touched
}

/** Whether a part ended behind this chunk of kind `value`: no cut falls there, or what comes is the content of a large binary leaf. */
function endsPart(list: ChunkList, index: number, chunk: Uint8Array): boolean {
  return index + 1 === list.count ? false : !isCutBehind(chunk) || isBlobAhead(list, index + 1, chunk)
}

/** Whether these bytes are a whole chunk, whatever follows. */
function isCutBehind(bytes: Uint8Array): boolean {
  const more = Buffer.alloc(bytes.length + 1)
  more.set(bytes)
  let from = 0
  while (from < bytes.length) from += chunkLength(more, from, more.length, valueChunks)
  return from === bytes.length
}

/** Whether the bytes end with the head of a long byte string that is chunks of its own. */
function isBlobAhead(list: ChunkList, next: number, bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const at = head.length - 5
  if (at < 0 || head[at] !== 0x5a) return false
  const length = head.readUInt32BE(at + 1)
  const end = list.offset(next) + length
  return length >= leastBlobBytes && end <= list.bytes && (end === list.bytes || list.offset(list.indexAt(end)) === end)
}
