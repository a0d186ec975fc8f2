import * as zlib from 'node:zlib'
import { isCompressible } from './compressible.ts'
import { type CodecName, type Compression, codecNames, compress, decompress } from './compression.ts'
import { damagedPack, packMisuse } from './damaged-pack.ts'
import { asBuffer } from './pack-header.ts'
import {
  codecOf,
  type FrameHead,
  frameLength,
  frameMaxBytes,
  frameMaxChunkBytes,
  frameMaxChunks,
  frameTargetBytes,
  headAndTableLength,
  isFrameDigestRight,
  type PackChunk,
  parseFrameHead,
  parseTable,
  writeHeadAndTable,
} from './pack-table.ts'

/** Where a frame stands in its pack. Known before it is encoded, so that frames can be encoded at the same time. */
export interface FramePlace {
  /** The frame's number, from 0. */
  readonly frame: number
  /** The number of its first chunk: the chunks of all frames before it. */
  readonly firstChunk: number
}

/** A frame ready to be written. A plain object: it can be sent between threads, `bytes.buffer` transferred. */
export interface EncodedFrame extends FramePlace {
  readonly chunks: number
  /** The whole frame, alone in its buffer. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Bytes of the payload before compression. */
  readonly rawBytes: number
  /** Raw (reconstructed) bytes of its chunks. */
  readonly chunkBytes: number
  readonly codec: CodecName
}

/** A frame as it was read. */
export interface PackFrame extends FramePlace {
  /** Bytes of all payloads. */
  readonly rawBytes: number
  readonly chunks: readonly PackChunk[]
}

/** Compression that gains less is not worth decompressing. */
const leastGain = 0.03

/** True if a frame with so much in it should be closed; a frame may pass the target by one chunk. */
export function isFrameFull(rawBytes: number, chunks: number): boolean {
  return rawBytes >= frameTargetBytes || chunks >= frameMaxChunks
}

// Used anew for every frame, and only within one synchronous call.
let scratch = Buffer.alloc(0)

/**
 * Encodes chunks as a frame. Pure: their bytes, which may lie in shared memory, are read before it returns and not kept. A payload
 * that looks incompressible, or that compression makes less than 3 % shorter, is stored as it is.
 *
 * @throws WaymarkError `internal` for no chunks or more than a frame holds
 */
export function encodeFrame(
  pack: string,
  place: FramePlace,
  chunks: readonly PackChunk[],
  compression: Compression,
): EncodedFrame {
  const rawBytes = chunks.reduce((sum, { payload }) => sum + payload.length, 0)
  const chunkBytes = chunks.reduce((sum, chunk) => sum + chunk.rawBytes, 0)
  const isBounded = chunks.length <= frameMaxChunks && rawBytes <= frameMaxBytes && chunkBytes <= frameMaxChunkBytes
  if (chunks.length === 0 || !isBounded) {
    throw packMisuse(`a frame of ${chunks.length} chunks and ${rawBytes} bytes`)
  }
  const raw = joinPayloads(chunks, rawBytes)
  const compressed = compressIfWorth(raw, compression)
  const payload = compressed ?? raw
  const codec = compressed ? compression.codec : 'none'
  const payloadAt = headAndTableLength(chunks.length)
  // Not pooled: the caller may transfer it.
  const bytes = Buffer.allocUnsafeSlow(payloadAt + payload.length)
  bytes.set(payload, payloadAt)
  const crc32 = zlib.crc32(payload)
  const head: FrameHead = {
    ...place,
    chunks: chunks.length,
    payloadBytes: bytes.length - payloadAt,
    rawBytes,
    codec: codecNames.indexOf(codec),
    crc32,
  }
  writeHeadAndTable(bytes, pack, head, chunks)
  return { ...place, chunks: chunks.length, bytes, rawBytes, chunkBytes, codec }
}

/** One contiguous view, of the only payload or of a copy of all that holds until the next call. */
function joinPayloads(chunks: readonly PackChunk[], rawBytes: number): Uint8Array {
  const [only] = chunks
  if (chunks.length === 1 && only) return only.payload
  if (scratch.length < rawBytes) scratch = Buffer.allocUnsafeSlow(Math.max(rawBytes, 2 * frameTargetBytes))
  let at = 0
  for (const { payload } of chunks) {
    scratch.set(payload, at)
    at += payload.length
  }
  return scratch.subarray(0, rawBytes)
}

function compressIfWorth(raw: Uint8Array, compression: Compression): Uint8Array | undefined {
  if (compression.codec === 'none' || raw.length === 0 || !isCompressible(raw)) return undefined
  const compressed = compress(raw, compression)
  return compressed.length <= raw.length * (1 - leastGain) ? compressed : undefined
}

/**
 * The head of a frame whose digest is right.
 *
 * @param bytes the frame, or at least its head and table
 * @throws WaymarkError `corrupt` if head or table are not what was written for this pack
 */
export function readFrameHead(bytes: Buffer, pack: string): FrameHead {
  const head = parseFrameHead(bytes)
  if (head === undefined || !isFrameDigestRight(bytes, pack, head.chunks))
    throw damagedPack(pack, 'the head of a frame is damaged')
  return head
}

/**
 * Decodes a whole frame: head, table and the stored payload are checked, the payload is decompressed. The chunks' payloads are
 * views on it. Their SHA-256 is not checked here, because a delta has one of bytes that are elsewhere.
 *
 * @throws WaymarkError `corrupt` if any byte is not what was written, `unsupported` for a codec or kind that is not known
 */
export function decodeFrame(frame: Uint8Array, pack: string): PackFrame {
  const bytes = asBuffer(frame)
  const head = readFrameHead(bytes, pack)
  const details = { frame: head.frame }
  const stored = bytes.subarray(headAndTableLength(head.chunks))
  if (frameLength(head) !== bytes.length || zlib.crc32(stored) !== head.crc32) {
    throw damagedPack(pack, 'the content of a frame is damaged', details)
  }
  const codec = codecOf(head, pack)
  const entries = parseTable(bytes, pack, head)
  let raw: Uint8Array
  try {
    raw = decompress(stored, codec, head.rawBytes)
  } catch (error) {
    throw damagedPack(pack, 'a frame cannot be decompressed', details, error)
  }
  let at = 0
  const chunks = entries.map(({ digest, rawBytes, payloadBytes, kind }) => {
    const payload = raw.subarray(at, at + payloadBytes)
    at += payloadBytes
    return { digest, rawBytes, kind, payload }
  })
  return { frame: head.frame, firstChunk: head.firstChunk, rawBytes: head.rawBytes, chunks }
}
