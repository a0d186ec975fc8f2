import type { FileSystem, OpenFile } from '../files/file-system.ts'
import { freeBytes } from '../format/free-bytes.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { beginsSealed } from '../seal/sealed-blocks.ts'
import type { FoundSegmentRecord, SegmentBatch, SegmentDamage, SegmentRecord, SegmentTail } from './log.ts'
import type { RecordSeal } from './record-seal.ts'
import {
  batchHeadLength,
  batchMagic,
  checkBatch,
  checkHeader,
  decodeBatchHead,
  decodeRecord,
  digestBefore,
  headerLength,
  isOfStream,
  type SegmentIdentity,
  splitRecords,
} from './segment-format.ts'
import { type FoundSeal, unopenedFrom } from './segment-seals.ts'

/** Of bytes that are sealed in blocks. */
const doesNotOpen = 'what was sealed there does not open'
/** Bytes read from the file at a time. */
const windowLength = 1 << 20

export interface ReadableSegment extends SegmentIdentity {
  /** What its records are sealed with, by its header; without it they are plain. */
  readonly findSeal?: (header: Uint8Array, file: OpenFile) => Promise<FoundSeal>
}

export interface ReadOptions {
  /** 0, or the end of a batch: read from there on. Default 0. */
  readonly from?: number
  /** Stop after the batch that reaches this many bytes from there. Default: the end. */
  readonly limit?: number
}

/**
 * Reads the batches of a segment.
 *
 * The good prefix ends at the first bytes that are not the batch that belongs there. If a good batch of this segment behind them
 * says that they were durable when it was written, they are damage. Else they are what a crash left of writes that nobody had
 * synced, and everything from there on is set aside, good batches too: what stands behind a hole must not count as if the hole
 * were not there. Batches behind damage are still returned: what is intact stays usable, and gaps in a stream's sequence show
 * what is not.
 */
export async function readSegment(
  files: FileSystem,
  path: string,
  identity: ReadableSegment,
  options: ReadOptions = {},
): Promise<SegmentTail> {
  const file = await files.open(path, 'read')
  try {
    const { size } = await file.stat()
    return await new SegmentReader(file, identity, { size, keep: record => record }).read(options.from ?? 0, options.limit)
  } finally {
    await file.close()
  }
}

export interface FindOptions {
  readonly stream: string
  /** Of a payload whose bytes are right: whether it is left where it is, once a later batch proves that to be durable. */
  readonly isLeft: (payload: Uint8Array) => boolean
}

/** As {@link readSegment} from its beginning, but keeps the records of one stream only, so that a large segment takes little memory: a window of it, or its longest batch. */
export async function findRecords(
  files: FileSystem,
  path: string,
  identity: ReadableSegment,
  { stream, isLeft }: FindOptions,
): Promise<SegmentTail<FoundSegmentRecord>> {
  /** Left once they are durable, oldest first. */
  const unproven: { payload: Uint8Array | undefined; readonly position: RecordPosition }[] = []
  // A view would keep the whole window in memory for the few records of one stream.
  const keep = ({ kind, payload, ...record }: SegmentRecord): FoundSegmentRecord => {
    if (kind === 'accept') return { ...record, kind, payload: Buffer.from(payload) }
    const found = { ...record, kind, payload: Buffer.from(payload) }
    if (isLeft(payload)) unproven.push(found)
    return found
  }
  const onProven = (end: number): void => {
    for (let oldest = unproven[0]; oldest !== undefined && oldest.position.offset < end; oldest = unproven[0]) {
      if (oldest.payload !== undefined) freeBytes(oldest.payload)
      oldest.payload = undefined
      unproven.shift()
    }
  }
  const file = await files.open(path, 'read')
  try {
    const { size } = await file.stat()
    return await new SegmentReader(file, identity, { size, stream, keep, onProven }).read(0)
  } finally {
    await file.close()
  }
}

interface ReaderOptions<R> {
  /** When reading began: what a living owner writes meanwhile is not looked at. */
  readonly size: number
  /** Undefined: the records of all. */
  readonly stream?: string
  /** What is kept of a record, whose payload is a view of a window; of those of one stream it must be no view. */
  readonly keep: (record: SegmentRecord) => R
  /** Called when more of the segment is known to be durable: everything before this offset. */
  readonly onProven?: (end: number) => void
}

class SegmentReader<R extends FoundSegmentRecord> {
  readonly #file: OpenFile
  readonly #identity: ReadableSegment
  readonly #size: number
  readonly #stream: string | undefined
  #seal: RecordSeal | undefined
  readonly #keep: (record: SegmentRecord) => R
  readonly #onProven: ((end: number) => void) | undefined
  #window: Buffer = Buffer.alloc(0)
  #windowStart = 0

  constructor(file: OpenFile, identity: ReadableSegment, { size, stream, keep, onProven }: ReaderOptions<R>) {
    this.#file = file
    this.#identity = identity
    this.#size = size
    this.#stream = stream
    this.#keep = keep
    this.#onProven = onProven
  }

  async read(from: number, limit = Number.POSITIVE_INFINITY): Promise<SegmentTail<R>> {
    const segment = this.#identity.segment
    const empty = { segment, batches: [], end: 0, digest: '', provenEnd: 0, closed: false, tornBytes: this.#size }
    const { refused: refusedFile } = this.#file
    if (refusedFile !== undefined) return { ...empty, damage: { offset: 0, reason: refusedFile, lastOffset: this.#size } }
    // A reader that goes on from somewhere needs no window at the beginning.
    const header = from > headerLength ? this.#file.read(0, headerLength) : this.#bytes(0, headerLength)
    const headerBytes = await header
    const headerDigest = checkHeader(headerBytes, this.#identity)
    let damage: SegmentDamage | undefined
    let at = Math.max(from, headerLength)
    if (headerDigest === undefined && (await unopenedFrom(this.#file, 0)) === 0) {
      // What is sealed as a file is plain inside, and its batches tell by themselves where they belong.
      const next = from > headerLength ? at : await this.#behindDamage(0)
      if (next === undefined) return { ...empty, damage: { offset: 0, reason: doesNotOpen, lastOffset: this.#size } }
      if (from <= headerLength) damage = { offset: 0, reason: doesNotOpen, lastOffset: 0 }
      at = next
    } else if (headerDigest === undefined) {
      // The header is durable before the first batch, so a segment without one that is longer has lost it. One that is sealed as a file was durable as a whole.
      if (this.#size <= headerLength && !beginsSealed(headerBytes)) return empty
      return { ...empty, damage: { offset: 0, reason: 'its header is damaged', lastOffset: this.#size } }
    }
    // One that was only begun holds nothing, whatever it would be sealed with.
    const refused = headerDigest !== undefined && this.#size > headerLength ? await this.#unseal(headerBytes) : undefined
    if (refused !== undefined) return { ...empty, damage: { offset: 0, reason: refused, lastOffset: this.#size } }
    const batches: SegmentBatch<R>[] = []
    // A reader that continues does not know the number and digest before; the batch's own offset ties it to its place.
    let before: Buffer | undefined = from > headerLength ? undefined : headerDigest
    let number: number | undefined = from > headerLength || damage !== undefined ? undefined : 0
    let closed = false
    let provenEnd = headerLength
    let digest = before?.toString('hex') ?? ''
    while (at < this.#size) {
      const found = await this.#batchAt(at, this.#stream !== undefined)
      const follows =
        found !== undefined &&
        (number === undefined || found.number === number + 1) &&
        (before === undefined || found.before.equals(before))
      if (!follows || closed) {
        if (closed) {
          damage ??= { offset: at, reason: 'there are bytes after its close mark', lastOffset: at }
          break
        }
        const next = await this.#behindDamage(at)
        if (next === undefined) {
          if ((await unopenedFrom(this.#file, at)) !== undefined)
            damage = { offset: at, reason: doesNotOpen, ...damage, lastOffset: at }
          break
        }
        damage = { offset: at, reason: 'a batch that was durable cannot be read', ...damage, lastOffset: at }
        at = next
        before = undefined
        number = undefined
        continue
      }
      provenEnd = Math.max(provenEnd, found.durableEnd)
      this.#onProven?.(provenEnd)
      if (!found.opens)
        damage = { offset: at, reason: 'a batch was changed after it was sealed', ...damage, lastOffset: at + found.length }
      at += found.length
      number = found.number
      before = found.digest
      digest = found.digest.toString('hex')
      closed = found.close
      if (closed) this.#onProven?.(at)
      batches.push({ end: at, digest, records: found.records })
      if (at - from >= limit && at < this.#size && !closed) {
        return { segment, batches, end: at, digest, provenEnd, closed, tornBytes: 0, more: true, ...(damage && { damage }) }
      }
    }
    // Shorter than `from`: somebody who saw more must be able to see that.
    const end = Math.min(at, this.#size)
    return {
      segment,
      batches,
      end,
      digest,
      provenEnd: closed ? end : provenEnd,
      closed,
      tornBytes: this.#size - end,
      ...(damage && { damage }),
    }
  }

  /** @param frees Nobody holds views of the windows before: their memory is given back, which the collector does late. */
  async #batchAt(offset: number, frees = false) {
    const head = decodeBatchHead(await this.#bytes(offset, batchHeadLength, frees), offset)
    if (head === undefined || offset + head.length > this.#size) return undefined
    const batch = await this.#bytes(offset, head.length, frees)
    const digest = checkBatch(this.#identity.segment, batch)
    const frames = digest && splitRecords(batch, offset, head.records)
    if (!digest || !frames) return undefined
    const records: R[] = []
    const stream = this.#markOfStream()
    let opens = true
    for (const { frame, offset: recordOffset } of frames) {
      if (stream !== undefined && !isOfStream(frame, stream)) continue
      const shown = decodeRecord(frame)
      if (shown === undefined) return undefined
      const placed = this.#seal === undefined ? { record: shown } : this.#seal.open(shown, recordOffset)
      if (placed === undefined) {
        opens = false
        continue
      }
      const place = { segment: this.#identity.segment, offset: recordOffset, length: frame.length }
      const position = placed.copies === undefined ? place : { ...place, copies: placed.copies }
      records.push(this.#keep({ ...placed.record, position }))
    }
    return { ...head, digest, before: Buffer.from(digestBefore(batch)), records, opens }
  }

  /** Why the segment is not one to be read in this store: the others are, whoever put it there. */
  async #unseal(header: Uint8Array): Promise<string | undefined> {
    const found = await this.#identity.findSeal?.(header, this.#file)
    if (found === undefined) return undefined
    if ('refused' in found) return found.refused
    this.#seal = found.seal
    return undefined
  }

  /** How the frames of the records that are looked for are marked. */
  #markOfStream(): Buffer | undefined {
    return this.#stream === undefined ? undefined : Buffer.from(this.#seal?.nameOf(this.#stream) ?? this.#stream, 'latin1')
  }

  /**
   * Where to read on if what stands at `flaw` was durable once: the first good batch behind it. Undefined if no good batch proves
   * that, so that it may be a write nobody synced.
   */
  async #behindDamage(flaw: number): Promise<number | undefined> {
    const first = await this.#findBatch(flaw + 1)
    for (let at = first; at !== undefined; ) {
      const batch = await this.#batchAt(at)
      if (batch === undefined) return undefined
      if (batch.durableEnd > flaw) return first
      at = await this.#findBatch(at + batch.length)
    }
    return undefined
  }

  /** Offset of the first good batch at or after `from`. */
  async #findBatch(from: number): Promise<number | undefined> {
    for (let start = from; start + batchHeadLength <= this.#size; ) {
      const window = await this.#bytes(start, Math.min(windowLength, this.#size - start))
      for (let hit = window.indexOf(batchMagic); hit >= 0; hit = window.indexOf(batchMagic, hit + 1)) {
        const head = decodeBatchHead(window.subarray(hit, hit + batchHeadLength), start + hit)
        if (head !== undefined && (await this.#batchAt(start + hit)) !== undefined) return start + hit
      }
      // The next window begins early enough to hold a head that this one cut.
      start += Math.max(1, window.length - batchHeadLength + 1)
    }
    return undefined
  }

  /**
   * Bytes of the file through a read-ahead window; a view that holds until the window moves is copied by nobody, so windows are
   * never reused.
   */
  async #bytes(offset: number, length: number, frees = false): Promise<Buffer> {
    const start = offset - this.#windowStart
    if (start < 0 || start + length > this.#window.length) {
      if (frees) freeBytes(this.#window)
      const bytes = await this.#file.read(offset, Math.max(length, Math.min(windowLength, this.#size - offset)))
      this.#window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      this.#windowStart = offset
    }
    const at = offset - this.#windowStart
    return this.#window.subarray(at, Math.min(at + length, this.#window.length))
  }
}
