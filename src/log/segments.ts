import { type FileSystem, fileErrorCode } from '../files/file-system.ts'
import type { RecordPosition } from '../model/run-view.ts'
import type { SegmentTail } from './log.ts'
import { decodeRecord, type FramedRecord } from './segment-format.ts'
import { readSegment } from './segment-reader.ts'

export interface SegmentsOptions {
  readonly files: FileSystem
  readonly folder: string
  readonly storeId: string
  /** Bytes of a segment that somebody knows to have been durable: a segment that ends before is damaged. */
  readonly witness?: (segment: string) => Promise<number>
}

/** The segment files of a store, as readers see them. */
export class Segments {
  readonly folder: string
  readonly #options: SegmentsOptions

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
   * The records of one stream in a whole segment. One that is missing, or shorter than it was once known to be, is reported as
   * damage.
   */
  async recordsOf(segment: string, stream: string): Promise<SegmentTail> {
    // Asked first: a living owner makes the segment longer while it is read.
    const known = (await this.#options.witness?.(segment)) ?? 0
    const tail = await this.#tailOf(segment, stream)
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
        return decodeRecord(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      } finally {
        await file.close()
      }
    } catch (error) {
      if (fileErrorCode(error) === 'ENOENT') return undefined
      throw error
    }
  }

  async #tailOf(segment: string, stream: string): Promise<SegmentTail> {
    try {
      return await readSegment(this.#options.files, this.#path(segment), this.#identity(segment), { stream })
    } catch (error) {
      if (fileErrorCode(error) !== 'ENOENT') throw error
      const damage = { offset: 0, reason: 'the file is missing', lastOffset: 0 }
      return { segment, batches: [], end: 0, digest: '', provenEnd: 0, closed: false, tornBytes: 0, damage }
    }
  }

  #path(segment: string): string {
    return `${this.folder}/${segment}.seg`
  }

  #identity(segment: string) {
    return { segment, store: this.#options.storeId }
  }
}
