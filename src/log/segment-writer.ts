import type { FileSystem, OpenFile } from '../files/file-system.ts'
import type { AppendPhase } from './log.ts'
import type { RecordSeal } from './record-seal.ts'
import {
  encodeBatch,
  encodeHeader,
  type FramedRecord,
  headerLength,
  type RecordPlace,
  type SegmentIdentity,
} from './segment-format.ts'

export interface AppendOptions {
  /** True: the batch, and with it everything before, is durable when `append` resolves. */
  readonly sync: boolean
  /** Runs after the write, while the disk syncs. */
  readonly meanwhile?: () => Promise<void>
  /** Writes the close mark. */
  readonly close?: boolean
  /** Told what it goes on with. */
  readonly onPhase?: ((phase: AppendPhase) => void) | undefined
}

/**
 * A segment being written: one per process, append-only, never opened again for writing. One write or sync at a time: a sync
 * covers what was written before it began, and each batch says how much before it no sync had covered yet.
 */
export class SegmentWriter {
  readonly segment: string
  readonly #file: OpenFile
  readonly #seal: RecordSeal | undefined
  #end = headerLength
  #durableEnd = headerLength
  #number = 0
  #digest: Buffer

  private constructor(segment: string, file: OpenFile, digest: Buffer, seal: RecordSeal | undefined) {
    this.segment = segment
    this.#file = file
    this.#digest = digest
    this.#seal = seal
  }

  /**
   * Makes the segment; its header and its name are durable before this resolves, else a power cut could take all that is
   * acknowledged in it.
   *
   * @param seal seals its records
   */
  static async make(files: FileSystem, folder: string, identity: SegmentIdentity, seal?: RecordSeal): Promise<SegmentWriter> {
    const header = encodeHeader(identity, seal?.keyId)
    const file = await files.open(`${folder}/${identity.segment}.seg`, 'create')
    try {
      await file.write(header, 0)
      await file.sync()
      await files.syncDirectory(folder)
    } catch (error) {
      await file.close()
      throw error
    }
    return new SegmentWriter(identity.segment, file, header.subarray(80, headerLength), seal)
  }

  /** Of the data key its records are sealed with. */
  get keyId(): string | undefined {
    return this.#seal?.keyId
  }

  /** Bytes up to the end of the last batch. */
  get end(): number {
    return this.#end
  }

  /** Bytes that a sync has covered. */
  get durableEnd(): number {
    return this.#durableEnd
  }

  get digest(): string {
    return this.#digest.toString('hex')
  }

  /**
   * Writes one batch. After a rejection the segment must be abandoned: a file whose sync failed is never synced again.
   */
  async append(
    records: readonly FramedRecord[],
    { sync, meanwhile, close = false, onPhase }: AppendOptions,
  ): Promise<readonly RecordPlace[]> {
    const unsynced = this.#end - this.#durableEnd
    const place = { number: this.#number + 1, offset: this.#end, before: this.#digest, unsynced }
    const batch = encodeBatch(this.segment, place, records, close, this.#seal)
    onPhase?.('write')
    await this.#file.write(batch.bytes, this.#end)
    onPhase?.(sync ? 'fsync' : 'log')
    let synced = sync ? this.#file.sync() : undefined
    // What goes on meanwhile may take longer.
    if (onPhase !== undefined) synced = synced?.then(() => onPhase('log'))
    await Promise.all([synced, meanwhile?.()])
    this.#number++
    this.#end += batch.bytes.length
    if (sync) this.#durableEnd = this.#end
    this.#digest = batch.digest
    return batch.positions
  }

  /** Makes everything written so far durable. After a rejection the segment must be abandoned. */
  async sync(): Promise<void> {
    if (this.#durableEnd === this.#end) return
    await this.#file.sync()
    this.#durableEnd = this.#end
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
