import { createHash } from 'node:crypto'
import type { Compression } from '../format/compression.ts'
import { type EncodedFrame, encodeFrame, type FramePlace } from '../format/pack-frame.ts'
import type { PackChunk } from '../format/pack-table.ts'

/** The heavy work of a save, which any thread can do: it only turns bytes into bytes. */
export interface Workbench {
  /** SHA-256 of each. */
  digests(chunks: readonly Uint8Array[]): Promise<readonly Uint8Array[]>
  frame(work: FrameWork): Promise<EncodedFrame>
}

export interface FrameWork {
  readonly pack: string
  readonly place: FramePlace
  readonly chunks: readonly PackChunk[]
  readonly compression: Compression
}

/** Which workbench a save of so many bytes is to use. */
export interface Workbenches {
  forBytes(bytes: number): Workbench
}

/** Done where it is asked for: for small saves, which would wait longer for another thread than for the work. */
export const inlineWorkbench: Workbench = {
  digests: async chunks => chunks.map(digestOf),
  frame: async work => encodeFrame(work.pack, work.place, work.chunks, work.compression),
}

export const digestOf = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
