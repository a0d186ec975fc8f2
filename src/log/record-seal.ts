import type { DataKey } from '../seal/data-key.ts'
import { type FileKeys, fileKeys, seal, unseal } from '../seal/file-keys.ts'
import {
  decodeRecord,
  encodeRecord,
  type FramedRecord,
  payloadOffset,
  type RecordPlace,
  type RecordSealer,
} from './segment-format.ts'

/** A record as it is meant, and its copies' places. */
export interface PlacedRecord {
  readonly record: FramedRecord
  readonly copies?: readonly RecordPlace[]
}

/** What a record says of the stream where it can be seen. */
export type StreamName = (stream: string) => string

const acceptHeadLength = 9

/**
 * Seals the records of one segment, each by itself, so that any of them can be read by its place (published in `docs/format-sealed.md`).
 *
 *     data record    payload = seal(length of the stream u8 | stream | payload)
 *     accept record  payload = length of the sealed head u16 | seal(length of the stream u8 | stream | copies u32 | base token … base segment) | record*
 *
 * The copies in a take-over record are sealed each by itself too, at the places where they stand. A record is bound to its segment, its place, and all that stands in front of it; the stream is named by its name's digest.
 */
export class RecordSeal implements RecordSealer {
  /** Of the data key, for the header. */
  readonly keyId: string
  readonly #keys: FileKeys
  readonly #segment: string
  readonly #nameOf: StreamName

  constructor(key: DataKey, segment: string, nameOf: StreamName) {
    this.keyId = key.id
    this.#keys = fileKeys(key, Buffer.from(segment, 'latin1'), 'segment')
    this.#segment = segment
    this.#nameOf = nameOf
  }

  /** How the records of a stream are marked in this segment. */
  nameOf(stream: string): string {
    return stream === '' ? '' : this.#nameOf(stream)
  }

  seal(record: FramedRecord, offset: number): PlacedRecord {
    const shown = { ...record, stream: this.nameOf(record.stream) }
    if (record.kind === 'data') {
      const { stream, payload } = record
      const said = Buffer.allocUnsafe(1 + stream.length + payload.length)
      said.writeUInt8(stream.length)
      said.write(stream, 1, 'latin1')
      said.set(payload, 1 + stream.length)
      return { record: { ...shown, payload: seal(this.#keys, this.#place(shown, offset), said) } }
    }
    const own = Buffer.from(record.stream, 'latin1')
    const { base, frames } = splitAccept(record.payload)
    const count = Buffer.alloc(4)
    count.writeUInt32LE(frames.length)
    const head = seal(this.#keys, this.#place(shown, offset), Buffer.concat([Buffer.of(own.length), own, count, base]))
    const length = Buffer.alloc(2)
    length.writeUInt16LE(head.length)
    let at = offset + payloadOffset(shown.stream) + length.length + head.length
    const copies: RecordPlace[] = []
    const sealed: Buffer[] = []
    for (const frame of frames) {
      const copy = this.seal(wholeRecord(frame), at)
      const bytes = encodeRecord(copy.record)
      sealed.push(bytes)
      copies.push({ offset: at, length: bytes.length, ...(copy.copies && { copies: copy.copies }) })
      at += bytes.length
    }
    return { record: { ...shown, payload: Buffer.concat([length, head, ...sealed]) }, copies }
  }

  /** Undefined if it is not what was sealed at this place. */
  open(shown: FramedRecord, offset: number): PlacedRecord | undefined {
    const place = this.#place(shown, offset)
    if (shown.kind === 'data') {
      const said = unseal(this.#keys, place, shown.payload)
      const streamEnd = said && 1 + (said[0] ?? 0)
      if (said === undefined || streamEnd === undefined || streamEnd > said.length) return undefined
      return { record: { ...shown, stream: said.toString('latin1', 1, streamEnd), payload: said.subarray(streamEnd) } }
    }
    return this.#openAccept(shown, offset, place)
  }

  #openAccept(shown: FramedRecord, offset: number, place: Uint8Array): PlacedRecord | undefined {
    const payload = Buffer.from(shown.payload.buffer, shown.payload.byteOffset, shown.payload.byteLength)
    if (payload.length < 2) return undefined
    const headEnd = 2 + payload.readUInt16LE(0)
    const head = headEnd > payload.length ? undefined : unseal(this.#keys, place, payload.subarray(2, headEnd))
    const streamEnd = 1 + (head?.[0] ?? 0)
    if (head === undefined || head.length < streamEnd + 4 + acceptHeadLength) return undefined
    const start = offset + payloadOffset(shown.stream)
    const copies: RecordPlace[] = []
    const frames: Buffer[] = []
    let at = headEnd
    while (at + 4 <= payload.length) {
      const length = payload.readUInt32LE(at)
      const frame = decodeRecord(payload.subarray(at, at + length))
      const copy = frame && this.open(frame, start + at)
      if (copy === undefined) return undefined
      frames.push(encodeRecord(copy.record))
      copies.push({ offset: start + at, length, ...(copy.copies && { copies: copy.copies }) })
      at += length
    }
    if (at !== payload.length || copies.length !== head.readUInt32LE(streamEnd)) return undefined
    const plain = Buffer.concat([head.subarray(streamEnd + 4), ...frames])
    return { record: { ...shown, stream: head.toString('latin1', 1, streamEnd), payload: plain }, copies }
  }

  #place({ kind, stream, token, sequence }: FramedRecord, offset: number): Buffer {
    const segment = this.#segment
    const at = segment.length
    const place = Buffer.allocUnsafe(at + 17 + stream.length)
    place.write(segment, 'latin1')
    place.writeBigUInt64LE(BigInt(offset), at)
    place.writeUInt8(kind === 'accept' ? 1 : 0, at + 8)
    place.writeUInt32LE(token, at + 9)
    place.writeUInt32LE(sequence, at + 13)
    place.write(stream, at + 17, 'latin1')
    return place
  }
}

/** The payload of a take-over record as it is meant: what it says of its base, and the whole records behind that. */
function splitAccept(payload: Uint8Array): { readonly base: Buffer; readonly frames: readonly Buffer[] } {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  const baseEnd = acceptHeadLength + bytes.readUInt8(8)
  const frames: Buffer[] = []
  for (let at = baseEnd; at < bytes.length; at += frames.at(-1)?.length ?? bytes.length) {
    frames.push(bytes.subarray(at, at + bytes.readUInt32LE(at)))
  }
  return { base: bytes.subarray(0, baseEnd), frames }
}

function wholeRecord(frame: Buffer): FramedRecord {
  const record = decodeRecord(frame)
  if (record === undefined) throw new TypeError('a copied record is not whole')
  return record
}
