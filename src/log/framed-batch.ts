import type { RecordPosition } from '../model/run-view.ts'
import { encodeAccept } from './accept.ts'
import type { PendingCommit } from './commit-queue.ts'
import type { SegmentRecord } from './log.ts'
import type { FramedRecord } from './segment-format.ts'
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

  constructor(segment: string, commits: readonly PendingCommit<MaybeOwner>[]) {
    this.#segment = segment
    for (const commit of commits) this.#add(commit)
  }

  get owners(): Iterable<StreamOwner> {
    return this.#turns.keys()
  }

  /** The batch is durable: its owners stand behind it. */
  advanceOwners(): void {
    for (const [owner, { token, sequence }] of this.#turns) owner.advance(token, sequence, this.#segment)
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
    const { owner, kind, payloads } = commit
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
    this.records.push(record)
    this.#owners.push(owner)
  }

  #position(places: readonly Place[], i: number): RecordPosition {
    return { segment: this.#segment, offset: 0, length: 0, ...places[i] }
  }
}

type Place = Omit<RecordPosition, 'segment'>

/**
 * After a failed write a stream goes on under its next token from what was acknowledged; that is durable, so nothing needs to be
 * copied.
 */
function acceptOfItself({ stream, token, acknowledged, segment = '', claimed }: StreamOwner): FramedRecord {
  const payload = encodeAccept({ token, sequence: acknowledged, segment }, [])
  return { kind: 'accept', stream, token: claimed, sequence: 0, payload }
}
