import type { Compression } from '../format/compression.ts'
import type { FrameEntry } from '../format/pack-footer.ts'
import { type EncodedFrame, encodeFrame, type FramePlace, type PackFrame } from '../format/pack-frame.ts'
import type { ChunkKind, PackChunk } from '../format/pack-table.ts'
import { sha256 } from '../format/sha256.ts'
import { type ErrorJson, isWaymarkError } from '../model/errors.ts'
import { digestBytes } from './chunk-list.ts'
import { type PostedBytes, postBytes, postedBytes } from './posted-bytes.ts'
import { decodeChecked, type FrameWork } from './workbench.ts'

/** What a worker is asked. */
export type BenchTask =
  | { readonly kind: 'digests'; readonly chunks: PostedBytes }
  | {
      readonly kind: 'frame'
      readonly pack: string
      readonly place: FramePlace
      readonly compression: Compression
      readonly payloads: PostedBytes
      readonly digests: Uint8Array
      readonly rawBytes: readonly number[]
      readonly kinds: readonly ChunkKind[]
    }
  | { readonly kind: 'decode'; readonly pack: string; readonly entry: FrameEntry; readonly bytes: Uint8Array<ArrayBuffer> }

export type BenchAnswer =
  | {
      readonly kind: 'decoded'
      readonly frame: number
      readonly firstChunk: number
      /** Holds the payloads, of which the first begins at `start`. */
      readonly buffer: ArrayBuffer
      readonly start: number
      readonly payloadRawBytes: number
      readonly payloadBytes: readonly number[]
      readonly digests: Uint8Array<ArrayBuffer>
      readonly rawBytes: readonly number[]
      readonly kinds: readonly ChunkKind[]
    }
  | { readonly kind: 'digests'; readonly digests: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'frame'; readonly frame: EncodedFrame }
  | { readonly kind: 'failed'; readonly message: string; readonly error?: ErrorJson }

export function frameTask(work: FrameWork): BenchTask {
  const { pack, place, chunks, compression } = work
  return {
    kind: 'frame',
    pack,
    place,
    compression,
    digests: joinedDigests(chunks),
    payloads: postBytes(chunks.map(chunk => chunk.payload)),
    rawBytes: chunks.map(chunk => chunk.rawBytes),
    kinds: chunks.map(chunk => chunk.kind),
  }
}

/** Does a task. Never throws: an error would end the thread. */
export function answerTask(task: BenchTask): BenchAnswer {
  try {
    if (task.kind === 'digests') return { kind: 'digests', digests: digestsOf(postedBytes(task.chunks)) }
    if (task.kind === 'decode') return decodedAnswer(decodeChecked(task))
    const chunks = postedBytes(task.payloads).map((payload, i): PackChunk => {
      const digest = task.digests.subarray(i * digestBytes, (i + 1) * digestBytes)
      return { digest, rawBytes: task.rawBytes[i] ?? 0, kind: task.kinds[i] ?? 'full', payload }
    })
    return { kind: 'frame', frame: encodeFrame(task.pack, task.place, chunks, task.compression) }
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { kind: 'failed', message, ...(isWaymarkError(error) ? { error: error.toJSON() } : {}) }
  }
}

function digestsOf(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const digests = new Uint8Array(chunks.length * digestBytes)
  for (const [i, chunk] of chunks.entries()) digests.set(sha256(chunk), i * digestBytes)
  return digests
}

/** Smaller buffers may be parts of one that Node shares out. */
const handedOverBytes = 128 * 1024

function decodedAnswer({ frame, firstChunk, rawBytes, chunks }: PackFrame): BenchAnswer {
  const payload = chunks[0]?.payload ?? new Uint8Array()
  const { buffer, byteOffset } = payload
  const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength >= handedOverBytes
  return {
    kind: 'decoded',
    frame,
    firstChunk,
    ...(isOwn
      ? { buffer, start: byteOffset }
      : { buffer: new Uint8Array(new Uint8Array(buffer, byteOffset, rawBytes)).buffer, start: 0 }),
    payloadRawBytes: rawBytes,
    payloadBytes: chunks.map(chunk => chunk.payload.length),
    digests: joinedDigests(chunks),
    rawBytes: chunks.map(chunk => chunk.rawBytes),
    kinds: chunks.map(chunk => chunk.kind),
  }
}

/** The frame of an answer. */
export function decodedFrame(answer: Extract<BenchAnswer, { kind: 'decoded' }>): PackFrame {
  let at = answer.start
  const chunks = answer.payloadBytes.map((length, i): PackChunk => {
    const payload = new Uint8Array(answer.buffer, at, length)
    at += length
    const digest = answer.digests.subarray(i * digestBytes, (i + 1) * digestBytes)
    return { digest, rawBytes: answer.rawBytes[i] ?? 0, kind: answer.kinds[i] ?? 'full', payload }
  })
  return { frame: answer.frame, firstChunk: answer.firstChunk, rawBytes: answer.payloadRawBytes, chunks }
}

function joinedDigests(chunks: readonly PackChunk[]): Uint8Array<ArrayBuffer> {
  const digests = new Uint8Array(chunks.length * digestBytes)
  for (const [i, chunk] of chunks.entries()) digests.set(chunk.digest, i * digestBytes)
  return digests
}
