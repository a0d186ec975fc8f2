import { WaymarkError } from '../model/errors.ts'
import type { SegmentRecord } from './log.ts'
import { decodeRecord, encodeRecord, type FramedRecord, payloadOffset } from './segment-format.ts'

/**
 * The record a take-over writes before it acts: what it accepted of the owner before.
 *
 *     payload = base token u32 | base sequence u32 | segment length u8 | base segment | record*
 *
 * The records are copies of what no later batch proves durable: their first home may be only in the page cache, and a failed
 * fsync there marks pages clean, so that syncing the old file proves nothing.
 */
export interface Accept {
  readonly base: AcceptedBase
  /** With their places inside this record: from now on these are the ones that last. */
  readonly copies: readonly SegmentRecord[]
}

/** Records of earlier owners count up to and including this one. */
export interface AcceptedBase {
  readonly token: number
  readonly sequence: number
  readonly segment: string
}

const headLength = 9

export function encodeAccept(base: AcceptedBase, copies: readonly FramedRecord[]): Uint8Array {
  const head = Buffer.alloc(headLength)
  head.writeUInt32LE(base.token, 0)
  head.writeUInt32LE(base.sequence, 4)
  head.writeUInt8(base.segment.length, 8)
  return Buffer.concat([head, Buffer.from(base.segment, 'latin1'), ...copies.map(encodeRecord)])
}

/** @throws WaymarkError `corrupt` if the payload does not add up */
export function decodeAccept({ stream, payload, position }: SegmentRecord): Accept {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  const payloadAt = position.offset + payloadOffset(stream)
  try {
    const copiesAt = headLength + bytes.readUInt8(8)
    if (copiesAt > bytes.length) throw new RangeError('the name of the base segment is cut')
    const segment = bytes.toString('latin1', headLength, copiesAt)
    const base = { token: bytes.readUInt32LE(0), sequence: bytes.readUInt32LE(4), segment }
    const copies: SegmentRecord[] = []
    const placesOfCopies = position.copies?.values()
    for (let at = copiesAt; at < bytes.length; ) {
      const length = bytes.readUInt32LE(at)
      const record = decodeRecord(bytes.subarray(at, at + length))
      if (record === undefined) throw new RangeError('a copied record is not whole')
      // In a sealed record they stand elsewhere than in what it says.
      const place = placesOfCopies?.next().value ?? { offset: payloadAt + at, length }
      copies.push({ ...record, position: { segment: position.segment, ...place } })
      at += length
    }
    return { base, copies }
  } catch (cause) {
    throw new WaymarkError('corrupt', {
      message: 'a take-over record of the log does not add up',
      means: 'It cannot be told which records of the earlier owner count; nothing was changed.',
      remedy: 'Keep the store as it is and report this: a checksum matched bytes that make no sense.',
      cause,
    })
  }
}
