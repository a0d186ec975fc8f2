import { type FileSystem, fileErrorCode, type OpenFile } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import type { RecordPosition } from '../model/run-view.ts'
import type { Seals } from '../seal/seals.ts'
import type { FoundSegmentRecord, SegmentTail } from './log.ts'
import type { RecordSeal } from './record-seal.ts'
import { checkHeader, decodeRecord, type FramedRecord, headerLength } from './segment-format.ts'
import { type FindOptions, findRecords, type ReadableSegment, readSegment } from './segment-reader.ts'
import { findSeal, sealOf, unopenedFrom } from './segment-seals.ts'

export interface SegmentsOptions {
  readonly files: FileSystem
  readonly folder: string
  readonly storeId: string
  /** Of a sealed store: opens what is sealed. */
  readonly seals?: Seals | undefined
  /** Bytes of a segment that somebody knows to have been durable: a segment that ends before is damaged. */
  readonly witness?: (segment: string) => Promise<number>
}

/** The segment files of a store, as readers see them. */
export class Segments {
  readonly folder: string
  readonly #options: SegmentsOptions
  /** Of segments from which single records were read. */
  readonly #seals = new Map<string, RecordSeal>()

  constructor(options: SegmentsOptions) {
    this.folder = options.folder
    this.#options = options
  }

  async list(): Promise<readonly string[]> {
    const names = await this.#options.files.list(this.folder)
    return names.filter(name => name.endsWith('.seg')).map(name => name.slice(0, -4))
  }

  async size(segment: string): Promise<number> {
    return (await this.#options.files.stat(this.#path(segment)))?.size ?? 0
  }

  tail(segment: string, from: number, limit?: number): Promise<SegmentTail> {
    return readSegment(this.#options.files, this.#path(segment), this.#identity(segment), { from, ...(limit && { limit }) })
  }

  /**
   * The records of one stream in a whole segment, without the payloads that are left there. One that is missing, or shorter than it was once known to be, is reported as
   * damage.
   */
  async recordsOf(segment: string, find: FindOptions): Promise<SegmentTail<FoundSegmentRecord>> {
    // Asked first: a living owner makes the segment longer while it is read.
    const known = (await this.#options.witness?.(segment)) ?? 0
    const tail = await this.#tailOf(segment, find)
    if (tail.end >= known) return tail
    const lost = { offset: tail.end, reason: `it ends at byte ${tail.end}, but held ${known} bytes` }
    return { ...tail, damage: { ...lost, ...tail.damage, lastOffset: tail.end } }
  }

  /** The record at a place; undefined if its bytes are not whole there. */
  async readRecord({ segment, offset, length }: RecordPosition): Promise<FramedRecord | undefined> {
    try {
      const file = await this.#options.files.open(this.#path(segment), 'read')
      try {
        const bytes = await file.read(offset, length)
        const shown = decodeRecord(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
        if (shown === undefined || this.#options.seals === undefined) return shown
        const seal = await this.#sealOf(segment, file)
        if (seal === undefined) return shown
        const opened = seal.open(shown, offset)?.record
        if (opened !== undefined) return opened
        // It may have been sealed anew since its seal was made.
        this.#seals.delete(segment)
        return (await this.#sealOf(segment, file))?.open(shown, offset)?.record
      } finally {
        await file.close()
      }
    } catch (error) {
      if (fileErrorCode(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** Undefined where its records are plain. */
  async #sealOf(segment: string, file: OpenFile): Promise<RecordSeal | undefined> {
    const known = this.#seals.get(segment)
    if (known !== undefined) return known
    const header = await file.read(0, headerLength)
    if (checkHeader(header, this.#identity(segment)) === undefined) {
      // One that is sealed as a file is plain inside.
      if ((await unopenedFrom(file, 0)) === 0) return undefined
      throw damagedHeader(segment)
    }
    const seal = await sealOf(this.#options.seals, segment, header, file)
    if (seal !== undefined) this.#seals.set(segment, seal)
    return seal
  }

  async #tailOf(segment: string, find: FindOptions): Promise<SegmentTail<FoundSegmentRecord>> {
    try {
      return await findRecords(this.#options.files, this.#path(segment), this.#identity(segment), find)
    } catch (error) {
      if (fileErrorCode(error) !== 'ENOENT') throw error
      const damage = { offset: 0, reason: 'the file is missing', lastOffset: 0 }
      return { segment, batches: [], end: 0, digest: '', provenEnd: 0, closed: false, tornBytes: 0, damage }
    }
  }

  #path(segment: string): string {
    return `${this.folder}/${segment}.seg`
  }

  #identity(segment: string): ReadableSegment {
    const { storeId, seals } = this.#options
    const identity = { segment, store: storeId }
    return seals === undefined ? identity : { ...identity, findSeal: (header, file) => findSeal(seals, segment, header, file) }
  }
}

const damagedHeader = (segment: string): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `the header of segment ${segment} of the log is damaged`,
    means: 'What it holds cannot be opened; other segments are not affected.',
    remedy: 'Put back the segment from a backup of the store, or run waymark verify to see what is lost.',
    details: { segment },
  })
