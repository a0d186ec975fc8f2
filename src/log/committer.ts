import { fileFault } from '../files/file-faults.ts'
import { WaymarkError } from '../model/errors.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { CommitQueue, type PendingCommit } from './commit-queue.ts'
import { FramedBatch, type MaybeOwner } from './framed-batch.ts'
import type { AppendDurability, AppendPhase, CommittedBatch, Ownership } from './log.ts'
import { hasNewestKey, makeSegment, type SegmentOptions } from './make-segment.ts'
import { maxBodyLength } from './segment-format.ts'
import type { SegmentWriter } from './segment-writer.ts'
import type { StreamOwner } from './stream-owner.ts'

export interface CommitterOptions extends SegmentOptions {
  /** Called for each batch once it is acknowledged, before its appends resolve, and when more of the segment is durable. */
  readonly onCommitted?: ((batch: CommittedBatch) => void) | undefined
}

/**
 * Half of what a batch can hold: the rest is for others that commit with it, and for what an ACCEPT says besides a copy of it.
 */
const maxCommitBytes = maxBodyLength / 2
/** A power cut takes at most so much of what was acknowledged as `process`: milliseconds, and bytes that a take-over copies. */
const maxUnsyncedMs = 1_000
const maxUnsyncedBytes = 8 << 20
const notRecorded = 'Nothing of this was recorded; all that was stays.'
const notAcknowledged =
  'This does not count as recorded, though a resume may find that it was; all that was recorded before stays.'

/** An ACCEPT was to go into a segment that was abandoned after its token had been claimed for it. */
export class SegmentAbandoned extends Error {}

/** There is a newer data key than the one the segment is sealed with. */
class OldKey extends Error {}

/**
 * Writes this process's own segment: all its streams commit together, with one fdatasync; a batch in which nobody waits for the
 * disk is synced later, with what comes after it.
 */
export class Committer {
  readonly #options: CommitterOptions
  readonly #queue: CommitQueue<MaybeOwner>
  #writer: SegmentWriter | undefined
  #opening: Promise<SegmentWriter> | undefined
  #cancelSync: (() => void) | undefined
  /** Owners of records in the segment that no sync has covered. */
  readonly #unsynced = new Set<StreamOwner>()
  /** Owners of such records in a segment that was abandoned. */
  readonly #stranded = new Set<StreamOwner>()
  readonly #moved = new Map<string, RecordPosition>()

  constructor(options: CommitterOptions) {
    this.#options = options
    this.#queue = new CommitQueue(batch => this.#commit(batch))
  }

  /** The segment that the next batch will go into, unless that fails; its header and name are durable. */
  async segment(): Promise<string> {
    this.#queue.refuseIfClosed()
    return (await this.#openWriter()).segment
  }

  /** Where a record of this process is now that was acknowledged at a place in a segment abandoned since. */
  whereIs(position: RecordPosition): RecordPosition {
    const now = this.#moved.get(keyOf(position))
    return now === undefined ? position : this.whereIs(now)
  }

  async commit(
    owner: MaybeOwner,
    kind: 'data' | 'accept',
    payloads: readonly Uint8Array[],
    durability: AppendDurability = 'power',
    onPhase?: (phase: AppendPhase) => void,
  ): Promise<readonly RecordPosition[]> {
    let bytes = 0
    for (const payload of payloads) bytes += payload.length
    if (bytes > maxCommitBytes) throw tooLarge(bytes)
    return this.#queue.add({ owner, kind, payloads, durability, onPhase })
  }

  /** Makes everything committed so far durable. */
  async sync(): Promise<void> {
    await this.#queue.add({ owner: undefined, kind: 'data', payloads: [], durability: 'power' })
    // In an abandoned segment nothing is synced any more: what was acknowledged there goes into the next one.
    await Promise.all([...this.#stranded].map(owner => this.#rescue(owner)))
  }

  /** Waits for what was added so far, makes it durable, then marks the segment closed. Refuses what comes after. */
  async close(): Promise<void> {
    const failed = await this.sync().then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    await this.#queue.close()
    this.#cancelSync?.()
    await this.#closeWriter()
    if (failed !== undefined && this.#stranded.size > 0) throw failed.error
  }

  async #closeWriter(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    if (writer === undefined) return
    try {
      // The mark says that all before it is durable.
      await writer.sync()
      await writer.append([], { sync: true, close: true })
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
    const writer = await makeSegment(this.#options)
    this.#writer = writer
    return writer
  }

  /** A segment whose data key is not the newest any more is closed, and its streams go on in the next. */
  async #leaveOldKey(): Promise<void> {
    const writer = this.#writer
    if (writer === undefined || (await hasNewestKey(writer, this.#options.seals))) return
    try {
      await writer.sync()
      this.#note([], true)
      await writer.append([], { sync: true, close: true })
      this.#writer = undefined
      await writer.close()
    } catch {
      await this.#abandon(writer)
    }
  }

  /** Writes one batch; settles each of its commits. Called serially. */
  async #commit(batch: readonly PendingCommit<MaybeOwner>[]): Promise<void> {
    let writer: SegmentWriter
    try {
      await this.#leaveOldKey()
      // Nothing is written yet that could be synced.
      if (this.#writer === undefined && !batch.some(isWritten)) {
        for (const commit of batch) commit.resolve([])
        return
      }
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
    const sync = batch.mustSync || start - writer.durableEnd + batch.bytes > maxUnsyncedBytes
    const meanwhile = async () => {
      await this.#options.mayWrite?.()
      // Else it may be sealed anew in this moment, without what was just written.
      if (!(await hasNewestKey(writer, this.#options.seals))) throw new OldKey()
      for (const owner of batch.owners) await owner.checkFence()
    }
    let places: Awaited<ReturnType<SegmentWriter['append']>> = []
    try {
      // An owner's empty commit is a batch too: it proves what is before it.
      if (commits.some(isWritten)) places = await writer.append(batch.records, { sync, meanwhile, onPhase: phaseOf(commits) })
      else await writer.sync()
    } catch (error) {
      await this.#abandon(writer)
      for (const owner of batch.owners) owner.bind(writer.segment)
      if (error instanceof OldKey) {
        await this.#commit(commits)
        return
      }
      const fault = fileFault(error, 'write to the log', notAcknowledged)
      for (const commit of commits) commit.reject(fault)
      return
    }
    for (const { from, to } of batch.moved(places)) this.#moved.set(keyOf(from), to)
    batch.advanceOwners(places, sync)
    this.#note(batch.owners, sync)
    // Before anybody awaits the outcome, all of it is known: promises settle after this turn.
    for (const commit of commits) {
      if (commit.owner?.fenced) commit.reject(fencedError(commit.owner))
      else commit.resolve(batch.positionsOf(commit, places))
    }
    const records = batch.counted(places)
    const partial = records.length < batch.records.length
    const { segment, end, durableEnd, digest } = writer
    this.#options.onCommitted?.({ segment, start, end, durableEnd, digest, records, partial })
  }

  /** A batch of these owners is written: what is durable now, and what has to become so. */
  #note(owners: Iterable<StreamOwner>, synced: boolean): void {
    for (const owner of owners) {
      if (synced) this.#stranded.delete(owner)
      else this.#unsynced.add(owner)
    }
    if (synced) {
      for (const owner of this.#unsynced) owner.synced()
      this.#unsynced.clear()
      this.#cancelSync?.()
      this.#cancelSync = undefined
    } else if (this.#cancelSync === undefined) {
      // Its failure is seen to by #abandon.
      this.#cancelSync = this.#options.clock.after(maxUnsyncedMs, () => void this.sync().catch(() => {}), { background: true })
    }
  }

  /** Writes what an owner has in an abandoned segment into the current one, as copies in a take-over of itself. */
  async #rescue(owner: StreamOwner): Promise<void> {
    if (owner.unsynced.length > 0 && !owner.fenced) {
      await this.#queue.add({ owner, kind: 'data', payloads: [], durability: 'power' })
    }
    this.#stranded.delete(owner)
  }

  /** A file whose write or sync failed is never written or synced again. */
  async #abandon(writer: SegmentWriter): Promise<void> {
    this.#writer = undefined
    this.#cancelSync?.()
    this.#cancelSync = undefined
    for (const owner of this.#unsynced) {
      this.#stranded.add(owner)
      // A failure is tried again by the owner's next commit, by `sync` and by `close`.
      void this.#rescue(owner).catch(() => {})
    }
    this.#unsynced.clear()
    await writer.close().catch(() => {})
  }
}

/** Tells all who wait. */
function phaseOf(commits: readonly PendingCommit<MaybeOwner>[]): ((phase: AppendPhase) => void) | undefined {
  const told = commits.flatMap(({ onPhase }) => onPhase ?? [])
  return told.length === 0
    ? undefined
    : phase => {
        for (const tell of told) tell(phase)
      }
}

const keyOf = ({ segment, offset }: RecordPosition): string => `${segment} ${offset}`

/** Whether a commit makes a batch; else it only asks for a sync. */
const isWritten = ({ owner, payloads }: PendingCommit<MaybeOwner>): boolean => owner !== undefined || payloads.length > 0

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
