import type { FileSystem } from '../files/file-system.ts'
import type { Clock, Random } from '../model/clock.ts'
import { newSegmentId } from '../model/ids.ts'
import type { Seals } from '../seal/seals.ts'
import { RecordSeal } from './record-seal.ts'
import { SegmentWriter } from './segment-writer.ts'

export interface SegmentOptions {
  readonly files: FileSystem
  /** Folder of the segments. */
  readonly folder: string
  readonly storeId: string
  readonly clock: Clock
  readonly random: Random
  /** Of a sealed store: seals what is written. */
  readonly seals?: Seals | undefined
  /** Asked after each write, before it is acknowledged, and before a segment is made: rejects where this process must write no more. */
  readonly mayWrite?: (() => Promise<void>) | undefined
}

/** A new segment for what this process writes; of a sealed store, sealed with its newest data key. */
export async function makeSegment({
  files,
  folder,
  storeId,
  clock,
  random,
  seals,
  mayWrite,
}: SegmentOptions): Promise<SegmentWriter> {
  await mayWrite?.()
  for (;;) {
    await seals?.settle()
    const segment = newSegmentId(clock, random)
    const seal = seals && new RecordSeal(seals.current, segment, stream => seals.name('stream', stream))
    const writer = await SegmentWriter.make(files, folder, { segment, store: storeId }, seal)
    const isNewest = await hasNewestKey(writer, seals).catch(async (error: unknown) => {
      await writer.close().catch(() => {})
      throw error
    })
    if (isNewest) return writer
    await writer.close()
    await files.remove(`${folder}/${segment}.seg`)
  }
}

/** Whether nobody has made a newer data key than the one a segment is sealed with; true of a plain store. */
export async function hasNewestKey(writer: SegmentWriter, seals: Seals | undefined): Promise<boolean> {
  await seals?.settle()
  return writer.keyId === seals?.current.id
}
