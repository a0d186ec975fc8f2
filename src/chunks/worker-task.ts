import { createHash } from 'node:crypto'
import type { Compression } from '../format/compression.ts'
import { type EncodedFrame, encodeFrame, type FramePlace } from '../format/pack-frame.ts'
import type { ChunkKind, PackChunk } from '../format/pack-table.ts'
import { digestBytes } from './chunk-list.ts'
import { type PostedBytes, postBytes, postedBytes } from './posted-bytes.ts'
import type { FrameWork } from './workbench.ts'

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

export type BenchAnswer =
  | { readonly kind: 'digests'; readonly digests: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'frame'; readonly frame: EncodedFrame }
  | { readonly kind: 'failed'; readonly message: string }

export function frameTask(work: FrameWork): BenchTask {
  const { pack, place, chunks, compression } = work
  const digests = new Uint8Array(chunks.length * digestBytes)
  for (const [i, chunk] of chunks.entries()) digests.set(chunk.digest, i * digestBytes)
  return {
    kind: 'frame',
    pack,
    place,
    compression,
    digests,
    payloads: postBytes(chunks.map(chunk => chunk.payload)),
    rawBytes: chunks.map(chunk => chunk.rawBytes),
    kinds: chunks.map(chunk => chunk.kind),
  }
}

/** Does a task. Never throws: an error would end the thread. */
export function answerTask(task: BenchTask): BenchAnswer {
  try {
    if (task.kind === 'digests') return { kind: 'digests', digests: digestsOf(postedBytes(task.chunks)) }
    const chunks = postedBytes(task.payloads).map((payload, i): PackChunk => {
      const digest = task.digests.subarray(i * digestBytes, (i + 1) * digestBytes)
      return { digest, rawBytes: task.rawBytes[i] ?? 0, kind: task.kinds[i] ?? 'full', payload }
    })
    return { kind: 'frame', frame: encodeFrame(task.pack, task.place, chunks, task.compression) }
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

function digestsOf(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const digests = new Uint8Array(chunks.length * digestBytes)
  for (const [i, chunk] of chunks.entries()) digests.set(createHash('sha256').update(chunk).digest(), i * digestBytes)
  return digests
}
