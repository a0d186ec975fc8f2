import type { RecordPosition } from '../model/run-view.ts'
import { decodeAccept, encodeAccept } from './accept.ts'
import type { PendingCommit } from './commit-queue.ts'
import type { PlacedPosition, SegmentRecord } from './log.ts'
import { type FramedRecord, type RecordPlace, recordLength } from './segment-format.ts'
import type { StreamOwner } from './stream-owner.ts'

/** Undefined: the free stream, which nobody owns. */
export type MaybeOwner = StreamOwner | undefined

/** The records of the commits that go into one batch of a segment, in order. */
export class FramedBatch {
  readonly records: FramedRecord[] = []
  readonly #segment: string
  readonly #turns = new Map<StreamOwner, { readonly token: number; sequence: number }>()
  readonly #owners: MaybeOwner[] = []
  /** Index of the first record of each commit. */
  readonly #firsts = new Map<PendingCommit<MaybeOwner>, number>()
  #mustSync = false
  #bytes = 0

  constructor(segment: string, commits: readonly PendingCommit<MaybeOwner>[]) {
    this.#segment = segment
    for (const commit of commits) this.#add(commit)
  }

  get owners(): Iterable<StreamOwner> {
    return this.#turns.keys()
  }

  /** Bytes of its records. */
  get bytes(): number {
    return this.#bytes
  }

  /** Where copies now are whose first places are in an abandoned segment. */
  *moved(places: readonly Place[]): Iterable<{ readonly from: RecordPosition; readonly to: RecordPosition }> {
    for (const [i, record] of this.records.entries()) {
      const owner = this.#owners[i]
      if (record.kind !== 'accept' || owner === undefined || owner.unsynced.length === 0) continue
      const { copies } = decodeAccept({ ...record, position: this.#position(places, i) })
      for (const [nth, copy] of copies.entries()) {
        const from = owner.unsynced[nth]?.position
        if (from !== undefined) yield { from, to: copy.position }
      }
    }
  }

  /** A take-over, or a commit that waits for the disk, makes the whole batch wait for it. */
  get mustSync(): boolean {
    return this.#mustSync
  }

  /** The batch is written, and synced if it must be or `synced` says so: its owners stand behind it. */
  advanceOwners(places: readonly Place[], synced: boolean): void {
    const placed = synced ? [] : this.records.map((record, i) => ({ ...record, position: this.#position(places, i) }))
    for (const [owner, { token, sequence }] of this.#turns) {
      const unsynced = placed.filter((_, i) => this.#owners[i] === owner)
      owner.advance(token, sequence, this.#segment, unsynced)
      if (synced) owner.synced()
    }
  }

  /** The records at their places, those of fenced owners left out. */
  counted(places: readonly Place[]): SegmentRecord[] {
    const counted: SegmentRecord[] = []
    for (const [i, record] of this.records.entries()) {
      if (this.#owners[i]?.fenced !== true) counted.push({ ...record, position: this.#position(places, i) })
    }
    return counted
  }

  /** Where the records of one commit are. */
  positionsOf(commit: PendingCommit<MaybeOwner>, places: readonly Place[]): readonly RecordPosition[] {
    const first = this.#firsts.get(commit) ?? 0
    return commit.payloads.map((_, i) => this.#position(places, first + i))
  }

  #add(commit: PendingCommit<MaybeOwner>): void {
    const { owner, kind, payloads, durability } = commit
    if (durability === 'power') this.#mustSync = true
    const turn = owner && this.#turnOf(owner)
    this.#firsts.set(commit, this.records.length)
    for (const payload of payloads) {
      const sequence = turn && kind === 'data' ? ++turn.sequence : 0
      const record = { kind, stream: owner?.stream ?? '', token: turn?.token ?? 0, sequence, payload }
      this.#push(record, owner)
    }
  }

  #turnOf(owner: StreamOwner) {
    const known = this.#turns.get(owner)
    if (known !== undefined) return known
    const moves = owner.hasLeft(this.#segment)
    const turn = moves ? { token: owner.claimed, sequence: 0 } : { token: owner.token, sequence: owner.acknowledged }
    this.#turns.set(owner, turn)
    if (moves) this.#push(acceptOfItself(owner), owner)
    return turn
  }

  #push(record: FramedRecord, owner: MaybeOwner): void {
    if (record.kind === 'accept') this.#mustSync = true
    this.records.push(record)
    this.#bytes += recordLength(record)
    this.#owners.push(owner)
  }

  #position(places: readonly Place[], i: number): PlacedPosition {
    return { segment: this.#segment, offset: 0, length: 0, ...places[i] }
  }
}

type Place = RecordPlace

/**
 * After a failed write a stream goes on under its next token from what was acknowledged, with copies of what no sync had covered
 * in the old segment.
 */
function acceptOfItself({ stream, token, acknowledged, segment = '', claimed, unsynced }: StreamOwner): FramedRecord {
  const payload = encodeAccept({ token, sequence: acknowledged, segment }, unsynced)
  return { kind: 'accept', stream, token: claimed, sequence: 0, payload }
}
