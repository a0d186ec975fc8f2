import { type CodecName, codecNames } from './compression.ts'
import { damagedPack, unknownInPack } from './damaged-pack.ts'
import { sha256 } from './sha256.ts'

/*
 * A frame is head | table | stored payload, little endian:
 *
 *     head  = magic 4 | frame number u32 | first chunk u32 | chunks u32 | stored payload bytes u32 | raw payload bytes u32 |
 *             codec u8 | 0 × 3 | crc32 of the stored payload u32 | digest of the pack's id, the head up to here and the table 16
 *     table = (SHA-256 of the chunk's raw bytes 32 | raw bytes u32 | payload bytes u32 | kind u8 | 0 × 3)*
 */
export const frameHeadLength = 48
export const tableEntryLength = 44

/** A writer closes a frame at whichever comes first: this many bytes of raw payload (or just above), */
export const frameTargetBytes = 256 * 1024
/** … or this many chunks. Readers refuse more. */
export const frameMaxChunks = 4096
/** Raw bytes of all chunks of a frame at most. They are more than its payload where there are deltas. */
export const frameMaxChunkBytes = 2 ** 32 - 1
/** Raw payload of a frame at most, and raw bytes of a chunk at most: what a reader is ready to make room for. */
export const frameMaxBytes = 1024 * 1024

export const frameMagic = Buffer.from('WMFR', 'latin1')

/** `full`: the payload is the chunk's raw bytes. `list`: likewise, of a list of chunks. `delta`: a delta against other chunks. */
export type ChunkKind = 'full' | 'delta' | 'list'

/** A kind's number in the table is its place here. */
const chunkKinds: readonly ChunkKind[] = ['full', 'delta', 'list']

/** What a table says about a chunk. */
export interface ChunkEntry {
  /** SHA-256 of the raw (reconstructed) bytes: 32 bytes. */
  readonly digest: Uint8Array
  readonly rawBytes: number
  readonly payloadBytes: number
  readonly kind: ChunkKind
}

/** A chunk as it goes into a frame and comes out of it. */
export interface PackChunk {
  /** SHA-256 of the raw (reconstructed) bytes: 32 bytes. */
  readonly digest: Uint8Array
  readonly rawBytes: number
  readonly kind: ChunkKind
  readonly payload: Uint8Array
}

/** What the head of a frame says. */
export interface FrameHead {
  /** The frame's number in its pack, from 0. */
  readonly frame: number
  /** The number in the pack of its first chunk. */
  readonly firstChunk: number
  readonly chunks: number
  /** Bytes of the payload as stored. */
  readonly payloadBytes: number
  /** Bytes of the payload decompressed. */
  readonly rawBytes: number
  /** Not checked for being known: see {@link codecOf}. */
  readonly codec: number
  readonly crc32: number
}

/** Raw bytes of all chunks together, by a table whose digest was checked. */
export function chunkBytesOf(bytes: Buffer, chunks: number): number {
  let sum = 0
  for (let at = frameHeadLength; at < headAndTableLength(chunks); at += tableEntryLength) sum += bytes.readUInt32LE(at + 32)
  return sum
}

/** Bytes of a whole frame. */
export function frameLength(head: FrameHead): number {
  return headAndTableLength(head.chunks) + head.payloadBytes
}

export function headAndTableLength(chunks: number): number {
  return frameHeadLength + tableEntryLength * chunks
}

/** Writes head and table to the beginning of `frame`. */
export function writeHeadAndTable(frame: Buffer, pack: string, head: FrameHead, chunks: readonly PackChunk[]): void {
  frame.fill(0, 0, headAndTableLength(chunks.length))
  frameMagic.copy(frame)
  frame.writeUInt32LE(head.frame, 4)
  frame.writeUInt32LE(head.firstChunk, 8)
  frame.writeUInt32LE(head.chunks, 12)
  frame.writeUInt32LE(head.payloadBytes, 16)
  frame.writeUInt32LE(head.rawBytes, 20)
  frame.writeUInt8(head.codec, 24)
  frame.writeUInt32LE(head.crc32, 28)
  let at = frameHeadLength
  for (const { digest, rawBytes, kind, payload } of chunks) {
    frame.set(digest, at)
    frame.writeUInt32LE(rawBytes, at + 32)
    frame.writeUInt32LE(payload.length, at + 36)
    frame.writeUInt8(chunkKinds.indexOf(kind), at + 40)
    at += tableEntryLength
  }
  frameDigest(frame, pack, chunks.length).copy(frame, 32, 0, 16)
}

/** What the first 48 bytes say, if they can be a head; the digest is not checked, for it needs the table. */
export function parseFrameHead(bytes: Buffer): FrameHead | undefined {
  if (bytes.length < frameHeadLength || !bytes.subarray(0, 4).equals(frameMagic)) return undefined
  const head: FrameHead = {
    frame: bytes.readUInt32LE(4),
    firstChunk: bytes.readUInt32LE(8),
    chunks: bytes.readUInt32LE(12),
    payloadBytes: bytes.readUInt32LE(16),
    rawBytes: bytes.readUInt32LE(20),
    codec: bytes.readUInt8(24),
    crc32: bytes.readUInt32LE(28),
  }
  const isBounded = head.chunks > 0 && head.chunks <= frameMaxChunks && head.rawBytes <= frameMaxBytes
  // What compression makes longer is stored as it is.
  return isBounded && head.payloadBytes <= head.rawBytes ? head : undefined
}

/** True if head and table at the beginning of `bytes` are what was written for this pack. */
export function isFrameDigestRight(bytes: Buffer, pack: string, chunks: number): boolean {
  return (
    bytes.length >= headAndTableLength(chunks) &&
    frameDigest(bytes, pack, chunks).compare(bytes, 32, frameHeadLength, 0, 16) === 0
  )
}

function frameDigest(bytes: Buffer, pack: string, chunks: number): Buffer {
  return sha256(pack, bytes.subarray(0, 32), bytes.subarray(frameHeadLength, headAndTableLength(chunks)))
}

/**
 * The codec of a frame whose digest was checked.
 *
 * @throws WaymarkError `unsupported` if it is not known
 */
export function codecOf(head: FrameHead, pack: string): CodecName {
  const codec = codecNames[head.codec]
  if (codec === undefined) throw unknownInPack(pack, `codec ${head.codec}`)
  return codec
}

/**
 * The table of a frame whose digest was checked. Its digests lie in memory of their own, so that they do not keep the frame alive.
 *
 * @throws WaymarkError `unsupported` if a kind is not known, `corrupt` if its sums are wrong
 */
export function parseTable(bytes: Buffer, pack: string, head: FrameHead): readonly ChunkEntry[] {
  const table = Buffer.from(bytes.subarray(frameHeadLength, headAndTableLength(head.chunks)))
  const entries: ChunkEntry[] = []
  let payloadBytes = 0
  for (let at = 0; at < table.length; at += tableEntryLength) {
    const kind = chunkKinds[table.readUInt8(at + 40)]
    if (kind === undefined) throw unknownInPack(pack, `kind ${table.readUInt8(at + 40)} of chunk`)
    const entry = {
      digest: table.subarray(at, at + 32),
      rawBytes: table.readUInt32LE(at + 32),
      payloadBytes: table.readUInt32LE(at + 36),
      kind,
    }
    const isBounded = entry.rawBytes <= frameMaxBytes && (kind === 'delta' || entry.rawBytes === entry.payloadBytes)
    if (!isBounded) throw damagedPack(pack, 'a table of chunks contradicts itself', { frame: head.frame })
    payloadBytes += entry.payloadBytes
    entries.push(entry)
  }
  if (payloadBytes !== head.rawBytes) throw damagedPack(pack, 'a table of chunks contradicts itself', { frame: head.frame })
  return entries
}
