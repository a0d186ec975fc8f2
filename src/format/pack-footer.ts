import { damagedPack } from './damaged-pack.ts'
import { packHeaderLength, type ReadPack, readExactly } from './pack-header.ts'
import { frameMaxBytes, frameMaxChunks, headAndTableLength } from './pack-table.ts'
import { sha256 } from './sha256.ts'

/*
 *     footer  = (offset u64 | bytes of the frame u32 | raw payload bytes u32 | first chunk u32 | chunks u32 | frame number u32 |
 *                raw bytes of the chunks u32)*
 *     trailer = footer offset u64 | frames u32 | chunks u32 | 0 × 16 | digest of the pack's id, the footer and the trailer up to here 24 |
 *               magic 8
 */
const entryLength = 32
export const packTrailerLength = 64
const trailerMagic = Buffer.from('waymkend', 'latin1')
/** Enough for the footer of a pack of 120 MB: open needs one read of a pack's end. */
const endReadBytes = 16 * 1024

/** What the footer says about a frame. */
export interface FrameEntry {
  /** The frame's number; with lost frames left out by a repair not its index in the list. */
  readonly frame: number
  readonly offset: number
  /** Bytes of the whole frame: head, table and stored payload. */
  readonly storedBytes: number
  /** Bytes of the payload decompressed. */
  readonly rawBytes: number
  readonly firstChunk: number
  readonly chunks: number
  /** Raw (reconstructed) bytes of its chunks. */
  readonly chunkBytes: number
}

/** The footer and trailer of a pack. */
export interface PackFooter {
  readonly frames: readonly FrameEntry[]
  /** One more than the highest number of a chunk. */
  readonly chunkCount: number
  readonly offset: number
}

/** Footer and trailer, to be written at `offset`. `frames` are in order; numbers may be missing. */
export function encodeFooter(pack: string, frames: readonly FrameEntry[], offset: number): Uint8Array {
  const bytes = Buffer.alloc(frames.length * entryLength + packTrailerLength)
  let at = 0
  for (const entry of frames) {
    bytes.writeBigUInt64LE(BigInt(entry.offset), at)
    bytes.writeUInt32LE(entry.storedBytes, at + 8)
    bytes.writeUInt32LE(entry.rawBytes, at + 12)
    bytes.writeUInt32LE(entry.firstChunk, at + 16)
    bytes.writeUInt32LE(entry.chunks, at + 20)
    bytes.writeUInt32LE(entry.frame, at + 24)
    bytes.writeUInt32LE(entry.chunkBytes, at + 28)
    at += entryLength
  }
  const last = frames.at(-1)
  bytes.writeBigUInt64LE(BigInt(offset), at)
  bytes.writeUInt32LE(frames.length, at + 8)
  bytes.writeUInt32LE(last ? last.firstChunk + last.chunks : 0, at + 12)
  digestOf(pack, bytes).copy(bytes, at + 32, 0, 24)
  trailerMagic.copy(bytes, at + 56)
  return bytes
}

/** Digest over footer and the first half of the trailer, at the end of `bytes`. */
function digestOf(pack: string, bytes: Buffer): Buffer {
  return sha256(pack, bytes.subarray(0, bytes.length - 32))
}

/** The end of a pack: its footer, unless the pack is very long, and its trailer. */
export function readEnd(read: ReadPack, pack: string, size: number): Promise<Buffer> {
  const length = Math.min(size, endReadBytes)
  return readExactly(read, pack, size - length, length)
}

/**
 * Checks footer and trailer; reads once more if the footer is longer than `end`.
 *
 * @param end what {@link readEnd} gave
 * @throws WaymarkError `corrupt` if they are not what was written for this pack and this size
 */
export async function readFooter(end: Buffer, read: ReadPack, pack: string, size: number): Promise<PackFooter> {
  if (size < packHeaderLength + packTrailerLength) throw damagedPack(pack, 'it is cut short')
  const trailer = end.subarray(end.length - packTrailerLength)
  const offset = Number(trailer.readBigUInt64LE(0))
  const [frameCount, chunkCount] = [trailer.readUInt32LE(8), trailer.readUInt32LE(12)]
  const length = frameCount * entryLength + packTrailerLength
  // With this a footer is never longer than the file.
  if (!trailer.subarray(56).equals(trailerMagic) || offset < packHeaderLength || offset + length !== size) {
    throw damagedPack(pack, 'its end is damaged')
  }
  const bytes = length <= end.length ? end.subarray(end.length - length) : await readExactly(read, pack, offset, length)
  const digestAt = length - 32
  if (digestOf(pack, bytes).compare(bytes, digestAt, digestAt + 24, 0, 24) !== 0) throw damagedPack(pack, 'its index is damaged')
  const frames = parseEntries(bytes, pack, length - packTrailerLength)
  const last = frames.at(-1)
  const endOfFrames = last ? last.offset + last.storedBytes : packHeaderLength
  if (endOfFrames > offset || chunkCount !== (last ? last.firstChunk + last.chunks : 0)) {
    throw damagedPack(pack, 'its index contradicts itself')
  }
  return { frames, chunkCount, offset }
}

function parseEntries(bytes: Buffer, pack: string, length: number): readonly FrameEntry[] {
  const frames: FrameEntry[] = []
  let before = { frame: -1, offset: 0, storedBytes: packHeaderLength, firstChunk: 0, chunks: 0 }
  for (let at = 0; at < length; at += entryLength) {
    const entry: FrameEntry = {
      offset: Number(bytes.readBigUInt64LE(at)),
      storedBytes: bytes.readUInt32LE(at + 8),
      rawBytes: bytes.readUInt32LE(at + 12),
      firstChunk: bytes.readUInt32LE(at + 16),
      chunks: bytes.readUInt32LE(at + 20),
      frame: bytes.readUInt32LE(at + 24),
      chunkBytes: bytes.readUInt32LE(at + 28),
    }
    if (!isBounded(entry) || !isBehind(entry, before)) throw damagedPack(pack, 'its index contradicts itself')
    frames.push(entry)
    before = entry
  }
  return frames
}

function isBounded({ chunks, storedBytes, rawBytes }: FrameEntry): boolean {
  const payloadBytes = storedBytes - headAndTableLength(chunks)
  return chunks > 0 && chunks <= frameMaxChunks && rawBytes <= frameMaxBytes && payloadBytes >= 0 && payloadBytes <= rawBytes
}

function isBehind(entry: FrameEntry, before: Omit<FrameEntry, 'rawBytes' | 'chunkBytes'>): boolean {
  return (
    entry.frame > before.frame &&
    entry.offset >= before.offset + before.storedBytes &&
    entry.firstChunk >= before.firstChunk + before.chunks
  )
}
