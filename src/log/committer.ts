import { fileFault } from '../files/file-faults.ts'
import type { FileSystem } from '../files/file-system.ts'
import type { Clock, Random } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { newSegmentId } from '../model/ids.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { CommitQueue, type PendingCommit } from './commit-queue.ts'
import { FramedBatch, type MaybeOwner } from './framed-batch.ts'
import type { CommittedBatch, Ownership } from './log.ts'
import { maxBodyLength } from './segment-format.ts'
import { SegmentWriter } from './segment-writer.ts'

export interface CommitterOptions {
  readonly files: FileSystem
  /** Folder of the segments. */
  readonly folder: string
  readonly storeId: string
  readonly clock: Clock
  readonly random: Random
  /** Called for each batch once it is durable, before its appends resolve. */
  readonly onCommitted?: ((batch: CommittedBatch) => void) | undefined
}

/**
 * Half of what a batch can hold: the rest is for others that commit with it, and for what an ACCEPT says besides a copy of it.
 */
const maxCommitBytes = maxBodyLength / 2
const notRecorded = 'Nothing of this was recorded; all that was stays.'
const notAcknowledged =
  'This does not count as recorded, though a resume may find that it was; all that was recorded before stays.'

/** An ACCEPT was to go into a segment that was abandoned after its token had been claimed for it. */
export class SegmentAbandoned extends Error {}

/** Writes this process's own segment: all its streams commit together, with one fdatasync. */
export class Committer {
  readonly #options: CommitterOptions
  readonly #queue: CommitQueue<MaybeOwner>
  #writer: SegmentWriter | undefined
  #opening: Promise<SegmentWriter> | undefined

  constructor(options: CommitterOptions) {
    this.#options = options
    this.#queue = new CommitQueue(batch => this.#commit(batch))
  }

  /** The segment that the next batch will go into, unless that fails; its header and name are durable. */
  async segment(): Promise<string> {
    this.#queue.refuseIfClosed()
    return (await this.#openWriter()).segment
  }

  async commit(owner: MaybeOwner, kind: 'data' | 'accept', payloads: readonly Uint8Array[]): Promise<readonly RecordPosition[]> {
    let bytes = 0
    for (const payload of payloads) bytes += payload.length
    if (bytes > maxCommitBytes) throw tooLarge(bytes)
    return this.#queue.add({ owner, kind, payloads })
  }

  /** Waits for what was added so far, then marks the segment closed. Refuses what comes after. */
  async close(): Promise<void> {
    await this.#queue.close()
    const writer = this.#writer
    this.#writer = undefined
    if (writer === undefined) return
    try {
      await writer.append([], async () => {}, true)
    } finally {
      await writer.close()
    }
  }

  /** One at a time: of two segments made at once, one would never be closed. */
  async #openWriter(): Promise<SegmentWriter> {
    if (this.#writer !== undefined) return this.#writer
    this.#opening ??= this.#makeWriter().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #makeWriter(): Promise<SegmentWriter> {
    const { files, folder, storeId, clock, random } = this.#options
    this.#writer = await SegmentWriter.make(files, folder, { segment: newSegmentId(clock, random), store: storeId })
    return this.#writer
  }

  /** Writes one batch; settles each of its commits. Called serially. */
  async #commit(batch: readonly PendingCommit<MaybeOwner>[]): Promise<void> {
    let writer: SegmentWriter
    try {
      writer = await this.#openWriter()
    } catch (error) {
      const fault = fileFault(error, 'make a segment of the log', notRecorded)
      for (const commit of batch) commit.reject(fault)
      return
    }
    const ready: PendingCommit<MaybeOwner>[] = []
    for (const commit of batch) {
      const refusal = await this.#refusal(commit, writer.segment)
      if (refusal === undefined) ready.push(commit)
      else commit.reject(refusal)
    }
    if (ready.length > 0) await this.#write(ready, writer)
  }

  /** Why a commit cannot go into this segment, or undefined if it can. */
  async #refusal({ owner, kind }: PendingCommit<MaybeOwner>, segment: string): Promise<Error | undefined> {
    if (owner === undefined) return undefined
    if (owner.fenced) return fencedError(owner)
    if (!owner.hasLeft(segment)) return undefined
    if (kind === 'accept') return new SegmentAbandoned()
    try {
      return (await owner.claimFor(segment)) ? undefined : fencedError(owner)
    } catch (error) {
      return fileFault(error, `claim ${owner.stream} again`, notRecorded)
    }
  }

  async #write(commits: readonly PendingCommit<MaybeOwner>[], writer: SegmentWriter): Promise<void> {
    const batch = new FramedBatch(writer.segment, commits)
    const start = writer.end
    let places: Awaited<ReturnType<SegmentWriter['append']>>
    try {
      places = await writer.append(batch.records, async () => {
        for (const owner of batch.owners) await owner.checkFence()
      })
    } catch (error) {
      await this.#abandon(writer)
      for (const owner of batch.owners) owner.bind(writer.segment)
      const fault = fileFault(error, 'write to the log', notAcknowledged)
      for (const commit of commits) commit.reject(fault)
      return
    }
    batch.advanceOwners()
    // Before anybody awaits the outcome, all of it is known: promises settle after this turn.
    for (const commit of commits) {
      if (commit.owner?.fenced) commit.reject(fencedError(commit.owner))
      else commit.resolve(batch.positionsOf(commit, places))
    }
    const records = batch.counted(places)
    const partial = records.length < batch.records.length
    this.#options.onCommitted?.({ segment: writer.segment, start, end: writer.end, digest: writer.digest, records, partial })
  }

  /** A file whose write or sync failed is never written or synced again. */
  async #abandon(writer: SegmentWriter): Promise<void> {
    this.#writer = undefined
    await writer.close().catch(() => {})
  }
}

function fencedError(owner: Ownership): WaymarkError {
  return new WaymarkError('fenced', {
    message: `${owner.stream} has a newer owner: another process took it over while this one was thought dead`,
    means: 'This process recorded nothing after that; what it recorded before is safe and the new owner goes on from it.',
    remedy: 'Let this process end. Look at the run with: waymark show RUN',
    details: { stream: owner.stream, token: owner.token },
  })
}

function tooLarge(bytes: number): WaymarkError {
  return new WaymarkError('limit', {
    message: `${bytes} bytes cannot be committed at once; the most is ${maxCommitBytes}`,
    means: 'Nothing of this was recorded.',
    remedy: 'Save less at a time.',
    details: { bytes, most: maxCommitBytes },
  })
}
