import type { Compression } from '../format/compression.ts'
import { freeBytes } from '../format/free-bytes.ts'
import type { FrameEntry } from '../format/pack-footer.ts'
import { type EncodedFrame, encodeFrame, type FramePlace, type PackFrame } from '../format/pack-frame.ts'
import { decodeEntry } from '../format/pack-reader.ts'
import type { PackChunk } from '../format/pack-table.ts'
import { sha256 } from '../format/sha256.ts'
import { damagedChunk } from './damaged-chunk.ts'

/** The heavy work of a save, which any thread can do: it only turns bytes into bytes. */
export interface Workbench {
  /** SHA-256 of each. Of work on another thread `onWorked` is told how many milliseconds that was at it. */
  digests(chunks: readonly Uint8Array[], onWorked?: (cpuMs: number) => void): Promise<readonly Uint8Array[]>
  frame(work: FrameWork, onWorked?: (cpuMs: number) => void): Promise<EncodedFrame>
  /**
   * A frame decoded, and the digests of its whole chunks checked. Takes the bytes away: they are gone afterwards.
   *
   * @throws WaymarkError `corrupt`, `unsupported`
   */
  decode(work: DecodeWork): Promise<PackFrame>
}

export interface DecodeWork {
  readonly pack: string
  readonly entry: FrameEntry
  /** The whole frame, in memory of its own. */
  readonly bytes: Uint8Array
}

export interface FrameWork {
  readonly pack: string
  readonly place: FramePlace
  readonly chunks: readonly PackChunk[]
  readonly compression: Compression
}

/** Which workbench a save of so many bytes is to use. */
export interface Workbenches {
  /** For reading or saving so many bytes. */
  forBytes(bytes: number): Workbench
}

/** Done where it is asked for: for small saves, which would wait longer for another thread than for the work. */
export const inlineWorkbench: Workbench = {
  digests: async chunks => chunks.map(chunk => sha256(chunk)),
  frame: async work => encodeFrame(work.pack, work.place, work.chunks, work.compression),
  decode: async work => decodeChecked(work),
}

/** For who always works here. */
export const inlineWorkbenches: Workbenches = { forBytes: () => inlineWorkbench }

/** Decodes a frame and checks every chunk that is there whole; a delta is checked by who has its base. */
export function decodeChecked({ pack, entry, bytes }: DecodeWork): PackFrame {
  const frame = decodeEntry(bytes, pack, entry)
  for (const [i, chunk] of frame.chunks.entries()) {
    if (chunk.kind === 'delta' || sha256(chunk.payload).equals(chunk.digest)) continue
    throw damagedChunk(pack, frame.firstChunk + i)
  }
  // Unless the chunks are views on them.
  if (frame.chunks[0]?.payload.buffer !== bytes.buffer) freeBytes(bytes)
  return frame
}
