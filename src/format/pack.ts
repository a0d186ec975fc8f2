import { createHash } from 'node:crypto'
import { WaymarkError } from '../model/errors.ts'

/**
 * The bytes of a pack (published in `docs/format.md`), little endian:
 *
 *     pack    = header (96) frame* footer trailer (64)
 *     header  = magic 8 | major u16 | minor u16 | requires u32 | pack id 26 | 0 u16 | store id 26 | 0 × 10 | digest 16
 *     frame   = stored u32 | raw u32 | codec u8 | kind u8 | 0 u16 | 0 u32 | digest of the raw bytes 32 | stored bytes
 *     footer  = (offset u64 | stored u32 | raw u32 | codec u8 | kind u8 | 0 u16 | 0 u32)*
 *     trailer = footer offset u64 | frames u32 | 0 u32 | 0 × 16 | digest of the footer and the first 32 bytes 24 | magic 8
 *
 * Codec 0 is none, kind 0 is full; compressed and delta frames come with later minor versions, and a reader refuses codes it does not know.
 */
export const packHeaderLength = 96
const frameHeadLength = 48
const footerEntryLength = 24
export const packTrailerLength = 64
/** Raw bytes in a frame. */
export const frameTargetBytes = 256 * 1024

const headerMagic = Buffer.from('waymkpak', 'latin1')
const trailerMagic = Buffer.from('waymkend', 'latin1')

/** Cuts a value's bytes into frames and wraps them as a pack. Parts are views on `bytes` where possible. */
export function encodePack(
  pack: string,
  store: string,
  bytes: Uint8Array,
): { parts: Uint8Array[]; frames: number; length: number } {
  const parts: Uint8Array[] = [encodePackHeader(pack, store)]
  const footer: Buffer[] = []
  let at = packHeaderLength
  for (let from = 0; from < bytes.length || from === 0; from += frameTargetBytes) {
    const raw = bytes.subarray(from, from + frameTargetBytes)
    const head = Buffer.alloc(frameHeadLength)
    head.writeUInt32LE(raw.length, 0)
    head.writeUInt32LE(raw.length, 4)
    createHash('sha256').update(raw).digest().copy(head, 16)
    const entry = Buffer.alloc(footerEntryLength)
    entry.writeBigUInt64LE(BigInt(at), 0)
    entry.writeUInt32LE(raw.length, 8)
    entry.writeUInt32LE(raw.length, 12)
    footer.push(entry)
    parts.push(head, raw)
    at += frameHeadLength + raw.length
  }
  const footerBytes = Buffer.concat(footer)
  const trailer = Buffer.alloc(packTrailerLength)
  trailer.writeBigUInt64LE(BigInt(at), 0)
  trailer.writeUInt32LE(footer.length, 8)
  trailerDigest(footerBytes, trailer).copy(trailer, 32)
  trailerMagic.copy(trailer, 56)
  parts.push(footerBytes, trailer)
  return { parts, frames: footer.length, length: at + footerBytes.length + packTrailerLength }
}

function encodePackHeader(pack: string, store: string): Buffer {
  const header = Buffer.alloc(packHeaderLength)
  headerMagic.copy(header, 0)
  header.writeUInt16LE(1, 8)
  header.write(pack, 16, 26, 'latin1')
  header.write(store, 44, 26, 'latin1')
  createHash('sha256').update(header.subarray(0, 80)).digest().copy(header, 80, 0, 16)
  return header
}

const trailerDigest = (footer: Buffer, trailer: Buffer): Buffer =>
  createHash('sha256').update(footer).update(trailer.subarray(0, 32)).digest().subarray(0, 24)

/** Reads part of the pack: exactly `length` bytes at `offset`, or rejects. */
export type ReadPack = (offset: number, length: number) => Promise<Uint8Array>

/**
 * The raw bytes of frames `first` to `first + count - 1`, each checked against its digest.
 *
 * @throws WaymarkError `corrupt` if any byte is not what was written, `unsupported` if a newer Waymark wrote the pack
 */
export async function readFrames(read: ReadPack, pack: string, size: number, first: number, count: number): Promise<Buffer> {
  const header = asBuffer(await read(0, Math.min(packHeaderLength, size)))
  checkPackHeader(header, pack)
  const entries = await readFooter(read, pack, size)
  const wanted = entries.slice(first, first + count)
  if (wanted.length !== count) throw damagedPack(pack, 'frames are missing')
  const parts: Buffer[] = []
  for (const entry of wanted) {
    const frame = asBuffer(await read(entry.offset, frameHeadLength + entry.stored))
    const raw = frame.subarray(frameHeadLength)
    if (frame.readUInt32LE(0) !== entry.stored || frame.readUInt32LE(4) !== entry.raw)
      throw damagedPack(pack, 'a frame does not fit its index')
    if (frame.readUInt8(8) !== 0 || frame.readUInt8(9) !== 0) throw newer(pack)
    if (!createHash('sha256').update(raw).digest().equals(frame.subarray(16, 48)))
      throw damagedPack(pack, 'a frame has another digest')
    parts.push(raw)
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
}

interface FooterEntry {
  readonly offset: number
  readonly stored: number
  readonly raw: number
}

function checkPackHeader(header: Buffer, pack: string): void {
  if (header.length < packHeaderLength || !header.subarray(0, 8).equals(headerMagic))
    throw damagedPack(pack, 'its header is damaged')
  const digest = createHash('sha256').update(header.subarray(0, 80)).digest().subarray(0, 16)
  if (!digest.equals(header.subarray(80, 96))) throw damagedPack(pack, 'its header is damaged')
  if (header.readUInt16LE(8) !== 1 || header.readUInt32LE(12) !== 0) throw newer(pack)
  if (header.toString('latin1', 16, 42) !== pack) throw damagedPack(pack, 'it holds another pack')
}

async function readFooter(read: ReadPack, pack: string, size: number): Promise<readonly FooterEntry[]> {
  if (size < packHeaderLength + packTrailerLength) throw damagedPack(pack, 'it is cut short')
  const trailer = asBuffer(await read(size - packTrailerLength, packTrailerLength))
  const footerOffset = Number(trailer.readBigUInt64LE(0))
  const length = trailer.readUInt32LE(8) * footerEntryLength
  if (!trailer.subarray(56).equals(trailerMagic) || footerOffset + length + packTrailerLength !== size) {
    throw damagedPack(pack, 'its end is damaged')
  }
  const footer = asBuffer(await read(footerOffset, length))
  if (!trailerDigest(footer, trailer).equals(trailer.subarray(32, 56))) throw damagedPack(pack, 'its index is damaged')
  const entries: FooterEntry[] = []
  for (let at = 0; at < length; at += footerEntryLength) {
    entries.push({
      offset: Number(footer.readBigUInt64LE(at)),
      stored: footer.readUInt32LE(at + 8),
      raw: footer.readUInt32LE(at + 12),
    })
  }
  return entries
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function damagedPack(pack: string, how: string): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `pack ${pack} is damaged: ${how}`,
    means: 'The checkpoints in the damaged part cannot be loaded; others are not affected.',
    remedy: 'Load an older checkpoint of the same stage, or run the work again with --redo STAGE.',
    details: { pack },
  })
}

function newer(pack: string): WaymarkError {
  return new WaymarkError('unsupported', {
    message: `pack ${pack} was written by a newer waymark`,
    means: 'The store is intact; nothing was read or changed.',
    remedy: 'Use the version of waymark that wrote it, or a newer one.',
  })
}
