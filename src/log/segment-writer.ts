import type { FileSystem, OpenFile } from '../files/file-system.ts'
import { encodeBatch, encodeHeader, type FramedRecord, headerLength, type SegmentIdentity } from './segment-format.ts'

/**
 * A segment being written: one per process, append-only, never opened again for writing. Batches are serial: the next is written
 * only after the one before is durable, so a good batch proves all before it.
 */
export class SegmentWriter {
  readonly segment: string
  readonly #file: OpenFile
  #end = headerLength
  #number = 0
  #digest: Buffer

  private constructor(segment: string, file: OpenFile, digest: Buffer) {
    this.segment = segment
    this.#file = file
    this.#digest = digest
  }

  /**
   * Makes the segment; its header and its name are durable before this resolves, else a power cut could take all that is
   * acknowledged in it.
   */
  static async make(files: FileSystem, folder: string, identity: SegmentIdentity): Promise<SegmentWriter> {
    const header = encodeHeader(identity)
    const file = await files.open(`${folder}/${identity.segment}.seg`, 'create')
    try {
      await file.write(header, 0)
      await file.sync()
      await files.syncDirectory(folder)
    } catch (error) {
      await file.close()
      throw error
    }
    return new SegmentWriter(identity.segment, file, header.subarray(80, headerLength))
  }

  /** Bytes up to the end of the last durable batch. */
  get end(): number {
    return this.#end
  }

  get digest(): string {
    return this.#digest.toString('hex')
  }

  /**
   * Writes one batch and makes it durable; `meanwhile` runs after the write, while the disk syncs. After a rejection the segment
   * must be abandoned: a file whose sync failed is never synced again.
   */
  async append(
    records: readonly FramedRecord[],
    meanwhile: () => Promise<void>,
    close = false,
  ): Promise<readonly { readonly offset: number; readonly length: number }[]> {
    const place = { number: this.#number + 1, offset: this.#end, before: this.#digest }
    const batch = encodeBatch(this.segment, place, records, close)
    await this.#file.write(batch.bytes, this.#end)
    const synced = this.#file.sync()
    await Promise.all([synced, meanwhile()])
    this.#number++
    this.#end += batch.bytes.length
    this.#digest = batch.digest
    return batch.positions
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
