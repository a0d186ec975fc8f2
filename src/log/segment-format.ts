import zlib from 'node:zlib'
import { sha256 } from '../format/sha256.ts'
import { WaymarkError } from '../model/errors.ts'

/**
 * The bytes of a segment (published in `docs/format.md`). Little endian throughout.
 *
 *     segment = header (96) batch*
 *     header  = magic 8 | major u16 | minor u16 | requires u32 | segment id 26 | 0 u16 | store id 26 | data key 10 | digest 16
 *     batch   = 'WMBT' | number u32 | own offset u64 | digest of the batch before 16 | body length u32 | records u32 | flags u32 | unsynced u32 | digest 16 | body
 *     record  = length u32 | crc32 u32 | kind u8 | stream length u8 | 0 u16 | token u32 | sequence u32 | stream | payload
 *
 * A digest is the first 16 bytes of SHA-256 over the segment's id and everything of the header or batch but the digest itself. It
 * covers the id, the offset and the digest before, so that bytes copied from elsewhere (a value that happens to hold a segment)
 * are never taken for a batch.
 *
 * `unsynced` is how many bytes right before the batch were not known to be durable when it was written: 0 where each batch is
 * synced before the next. So a good batch proves that everything before `own offset - unsynced` is durable, and nothing more.
 */
export const headerLength = 96
export const batchHeadLength = 64
export const recordHeadLength = 20
/** A body larger than this was never written: bounds what a reader allocates. */
export const maxBodyLength = 1 << 30

export const headerMagic = Buffer.from('waymkseg', 'latin1')
const batchMagic = Buffer.from('WMBT', 'latin1')
const formatMajor = 1
const formatMinor = 0
const closeFlag = 1
/** Of a header: the records are sealed with the data key that it names. */
const sealedFeature = 1
const keyIdStart = 70
const keyIdEnd = 80

export interface SegmentIdentity {
  readonly segment: string
  readonly store: string
}

/** Where a record stands in its segment, and, in a take-over record that is sealed, where the copies inside it stand. */
export interface RecordPlace {
  readonly offset: number
  readonly length: number
  readonly copies?: readonly RecordPlace[]
}

/** What makes of a record that is meant the one that is written at a place. */
export interface RecordSealer {
  seal(record: FramedRecord, offset: number): { readonly record: FramedRecord; readonly copies?: readonly RecordPlace[] }
}

export interface FramedRecord {
  readonly kind: 'data' | 'accept'
  readonly stream: string
  readonly token: number
  readonly sequence: number
  readonly payload: Uint8Array
}

const digestOf = (segment: string, ...parts: readonly Uint8Array[]): Buffer => sha256(segment, ...parts).subarray(0, 16)

/** @param keyId of the data key that the records are sealed with, 20 hex digits */
export function encodeHeader(identity: SegmentIdentity, keyId?: string): Buffer {
  const header = Buffer.alloc(headerLength)
  headerMagic.copy(header, 0)
  header.writeUInt16LE(formatMajor, 8)
  header.writeUInt16LE(formatMinor, 10)
  header.write(identity.segment, 16, 26, 'latin1')
  header.write(identity.store, 44, 26, 'latin1')
  if (keyId !== undefined) {
    header.writeUInt32LE(sealedFeature, 12)
    header.write(keyId, keyIdStart, 'hex')
  }
  digestOf(identity.segment, header.subarray(0, 80)).copy(header, 80)
  return header
}

/**
 * The digest the first batch refers to, or undefined if these are not the whole bytes of this segment's header.
 *
 * @throws WaymarkError `unsupported` if a newer Waymark wrote it, `conflict` if it belongs to another store
 */
export function checkHeader(bytes: Uint8Array, identity: SegmentIdentity): Buffer | undefined {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (header.length < headerLength || !header.subarray(0, 8).equals(headerMagic)) return undefined
  const digest = digestOf(identity.segment, header.subarray(0, 80))
  if (!digest.equals(header.subarray(80, headerLength))) return undefined
  const major = header.readUInt16LE(8)
  if (major !== formatMajor || (header.readUInt32LE(12) & ~sealedFeature) !== 0) {
    throw new WaymarkError('unsupported', {
      message: `segment ${identity.segment} has format ${major}, this version reads format ${formatMajor}`,
      means: 'The store is intact; nothing was read or written.',
      remedy: 'Use the version of waymark that wrote it, or a newer one.',
    })
  }
  const store = header.toString('latin1', 44, 70)
  if (store !== identity.store) {
    throw new WaymarkError('conflict', {
      message: `segment ${identity.segment} belongs to store ${store}, not to ${identity.store}`,
      means: 'Files of two stores are mixed in one folder; nothing was read from the foreign file.',
      remedy: 'Move the foreign segment out of the folder.',
    })
  }
  return digest
}

/** The data key that a whole header says the records are sealed with; undefined if they are not. */
export function sealedWith(header: Uint8Array): string | undefined {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength)
  return bytes.readUInt32LE(12) === sealedFeature ? bytes.toString('hex', keyIdStart, keyIdEnd) : undefined
}

/** Bytes of a record's frame before its payload. */
export const payloadOffset = (stream: string): number => recordHeadLength + stream.length

/** Bytes a record takes in a batch. */
export const recordLength = (record: FramedRecord): number => payloadOffset(record.stream) + record.payload.length

export interface EncodedBatch {
  readonly bytes: Buffer
  readonly digest: Buffer
  /** Offset and length of each record within the segment. */
  readonly positions: readonly RecordPlace[]
}

export function encodeBatch(
  segment: string,
  place: { readonly number: number; readonly offset: number; readonly before: Uint8Array; readonly unsynced: number },
  meant: readonly FramedRecord[],
  close = false,
  sealer?: RecordSealer,
): EncodedBatch {
  const records: FramedRecord[] = []
  const inside: (readonly RecordPlace[] | undefined)[] = []
  let bodyLength = 0
  for (const one of meant) {
    const { record, copies } = sealer?.seal(one, place.offset + batchHeadLength + bodyLength) ?? { record: one }
    records.push(record)
    inside.push(copies)
    bodyLength += recordLength(record)
  }
  const bytes = Buffer.allocUnsafe(batchHeadLength + bodyLength)
  batchMagic.copy(bytes, 0)
  bytes.writeUInt32LE(place.number, 4)
  bytes.writeBigUInt64LE(BigInt(place.offset), 8)
  bytes.set(place.before, 16)
  bytes.writeUInt32LE(bodyLength, 32)
  bytes.writeUInt32LE(records.length, 36)
  bytes.writeUInt32LE(close ? closeFlag : 0, 40)
  bytes.writeUInt32LE(place.unsynced, 44)
  const positions: RecordPlace[] = []
  let at = batchHeadLength
  for (const [i, record] of records.entries()) {
    const length = writeRecord(bytes, at, record)
    const copies = inside[i]
    positions.push({ offset: place.offset + at, length, ...(copies && { copies }) })
    at += length
  }
  const digest = digestOf(segment, bytes.subarray(0, 48), bytes.subarray(batchHeadLength))
  digest.copy(bytes, 48)
  return { bytes, digest, positions }
}

function writeRecord(bytes: Buffer, at: number, record: FramedRecord): number {
  const length = recordLength(record)
  bytes.writeUInt32LE(length, at)
  bytes.writeUInt8(record.kind === 'accept' ? 1 : 0, at + 8)
  bytes.writeUInt8(record.stream.length, at + 9)
  bytes.writeUInt16LE(0, at + 10)
  bytes.writeUInt32LE(record.token, at + 12)
  bytes.writeUInt32LE(record.sequence, at + 16)
  bytes.write(record.stream, at + recordHeadLength, 'latin1')
  bytes.set(record.payload, at + recordHeadLength + record.stream.length)
  bytes.writeUInt32LE(zlib.crc32(bytes.subarray(at + 8, at + length)), at + 4)
  return length
}

/** The frame of one record by itself, as it stands in a batch. */
export function encodeRecord(record: FramedRecord): Buffer {
  const frame = Buffer.allocUnsafe(recordLength(record))
  writeRecord(frame, 0, record)
  return frame
}

/** Whether the frame of a record says that it belongs to this stream (Latin-1); cheaper than decoding it. */
export const isOfStream = (frame: Buffer, stream: Buffer): boolean =>
  frame[9] === stream.length && stream.compare(frame, recordHeadLength, recordHeadLength + stream.length) === 0

/** Reads the frame of one record; undefined if these bytes are not exactly one whole record. The payload is a view. */
export function decodeRecord(frame: Buffer): FramedRecord | undefined {
  if (frame.length < recordHeadLength || frame.readUInt32LE(0) !== frame.length) return undefined
  const kind = frame.readUInt8(8)
  const streamEnd = recordHeadLength + frame.readUInt8(9)
  if (kind > 1 || streamEnd > frame.length) return undefined
  if (zlib.crc32(frame.subarray(8)) !== frame.readUInt32LE(4)) return undefined
  return {
    kind: kind === 1 ? 'accept' : 'data',
    stream: frame.toString('latin1', recordHeadLength, streamEnd),
    token: frame.readUInt32LE(12),
    sequence: frame.readUInt32LE(16),
    payload: frame.subarray(streamEnd),
  }
}

/** The same batch at the same place, with other frames of the same lengths, behind another batch or header. */
export function rewriteBatch(
  segment: string,
  batch: Buffer,
  before: Uint8Array,
  frames: readonly Uint8Array[],
): { readonly bytes: Buffer; readonly digest: Buffer } {
  const bytes = Buffer.concat([batch.subarray(0, batchHeadLength), ...frames])
  if (bytes.length !== batch.length) throw new TypeError('the frames of a rewritten batch must have the lengths of those before')
  bytes.set(before, 16)
  const digest = digestOf(segment, bytes.subarray(0, 48), bytes.subarray(batchHeadLength))
  digest.copy(bytes, 48)
  return { bytes, digest }
}

export interface BatchHead {
  readonly number: number
  readonly length: number
  readonly records: number
  readonly close: boolean
  /** Everything before this offset was durable when the batch was written. */
  readonly durableEnd: number
}

/** Reads the head of the batch that should stand at `offset`; undefined if there is none. Says nothing about the body yet. */
export function decodeBatchHead(head: Buffer, offset: number): BatchHead | undefined {
  if (head.length < batchHeadLength || head.compare(batchMagic, 0, 4, 0, 4) !== 0) return undefined
  if (head.readBigUInt64LE(8) !== BigInt(offset)) return undefined
  const bodyLength = head.readUInt32LE(32)
  if (bodyLength > maxBodyLength) return undefined
  const durableEnd = offset - head.readUInt32LE(44)
  if (durableEnd < headerLength) return undefined
  return {
    number: head.readUInt32LE(4),
    length: batchHeadLength + bodyLength,
    records: head.readUInt32LE(36),
    close: (head.readUInt32LE(40) & closeFlag) !== 0,
    durableEnd,
  }
}

/** The batch's digest if its bytes are whole, else undefined. */
export function checkBatch(segment: string, batch: Buffer): Buffer | undefined {
  const digest = digestOf(segment, batch.subarray(0, 48), batch.subarray(batchHeadLength))
  return digest.equals(batch.subarray(48, batchHeadLength)) ? digest : undefined
}

/** The digest a batch says its predecessor has. */
export const digestBefore = (batch: Buffer): Buffer => batch.subarray(16, 32)

/** Frames of the records of a whole batch, each with its offset within the segment; undefined if the body does not add up. */
export function splitRecords(
  batch: Buffer,
  offset: number,
  count: number,
): readonly { readonly frame: Buffer; readonly offset: number }[] | undefined {
  const frames: { frame: Buffer; offset: number }[] = []
  let at = batchHeadLength
  while (at < batch.length) {
    if (at + recordHeadLength > batch.length) return undefined
    const length = batch.readUInt32LE(at)
    if (length < recordHeadLength || at + length > batch.length) return undefined
    frames.push({ frame: batch.subarray(at, at + length), offset: offset + at })
    at += length
  }
  return frames.length === count ? frames : undefined
}

export { batchMagic }
