import type { RecordPosition } from '../model/run-view.ts'
import type { RecordPlace } from './segment-format.ts'

/**
 * What an append waits for. `power`: the disk has it, and everything appended before it; a power cut cannot take it. `process`:
 * the kernel has it, so that it survives the death of the process, not a power cut; the disk has it about a second later.
 */
export type AppendDurability = 'power' | 'process'

/** What an append is at: waiting for its turn and what is done around the rest, writing its batch, or syncing it. It begins with `log`. */
export type AppendPhase = 'log' | 'write' | 'fsync'

/**
 * The commit log: the truth of a store. A record is committed once `append` has resolved, and then survives what its
 * durability says: a power cut, unless the caller asked for less.
 *
 * Records belong to streams: a run is a stream, and so is a checkpoint whose id the caller chose (`@id`). A stream has one owner
 * at a time; each ownership has a fencing token, and a superseded owner's append rejects with `fenced` and counts for nothing.
 * The stream '' has no owner: its records stand alone (checkpoints with generated ids) and are never fenced.
 */
export interface Log {
  /** Owns a stream nobody ever used. The id must be random enough that nobody else can draw it. Writes nothing. */
  create(stream: string): Promise<Ownership>
  /**
   * Owns a stream whose id was chosen by the caller, if nobody ever did: of any number of processes that try, one gets it.
   * Undefined for the others: somebody is at work with it, or died before its first record.
   */
  begin(stream: string): Promise<Ownership | undefined>
  /**
   * Becomes the owner of a stream, whatever its state, fencing the owner before; whether that is polite is the caller's question.
   * Resolves with everything that counts. Interrupting it at any point, or doing it in two processes, is safe: at most one wins,
   * the others get `fenced`. Long payloads are left in the log. `hint` is a segment to look into first; a stream made by `create` must be given with one. Without a
   * hint and without a claim the stream is new. Rejects with `corrupt` if a record that counts, or may have counted, cannot be
   * read.
   */
  takeOver(stream: string, hint?: string): Promise<{ readonly ownership: Ownership; readonly history: StreamHistory }>
  /**
   * Commits records of one stream, in order, all or none, together with whatever other streams commit at the same time: one
   * fdatasync for all. Rejects with `fenced` when the stream has a newer owner; whether that found these records already written,
   * its history says. Rejects with `disk_full` or `unavailable` when the disk says no: the next append may succeed, and then
   * these records are void for good. Until then they may be on the disk all the same, and an owner that takes over may find them.
   * Rejects with `limit` if they are too large for one batch. Default durability: `power`. `onPhase` is told what it goes on with: of a batch of several, each hears of all of it, as each waits for it.
   */
  append(
    ownership: Ownership,
    payloads: readonly Uint8Array[],
    durability?: AppendDurability,
    onPhase?: (phase: AppendPhase) => void,
  ): Promise<readonly RecordPosition[]>
  /**
   * Commits records of the stream '' (no owner, no order between them), always as `power`. Same errors; refused by the disk, they
   * may turn up all the same.
   */
  appendFree(payloads: readonly Uint8Array[]): Promise<readonly RecordPosition[]>
  /** Makes everything appended so far durable. Rejects with `unavailable` or `disk_full` if the disk says no. */
  sync(): Promise<void>
  /** What counts of a stream now, without owning it; long payloads are left in the log. The newest batches of a living owner may not be durable yet. */
  history(stream: string, hint?: string): Promise<StreamHistory>
  /**
   * Of a stream that `history` refuses: its records before the first one that is lost. Undefined if there is no such stream. Rejects with `corrupt` where a take-over is lost, so that it cannot be
   * told what counted.
   */
  intact(stream: string, hint?: string): Promise<IntactStream | undefined>
  /**
   * Becomes the owner of a stream, whatever its state, and says what counts of it from now on: everything up to `last`, which {@link intact} gave, or what a fall back left behind. Nothing is removed. Rejects
   * with `fenced` if the stream has another owner than `newest` by now.
   */
  goOnFrom(stream: string, last: StreamPlace, newest: number): Promise<Ownership>
  /** Whether the stream has a newer owner than this. */
  isFenced(ownership: Ownership): Promise<boolean>
  /** One record's payload. Rejects with `corrupt` if its bytes are not what was written. */
  read(position: RecordPosition): Promise<{ readonly stream: string; readonly payload: Uint8Array }>
  /** Names of the segments there are. */
  segments(): Promise<readonly string[]>
  /** Bytes of a segment, torn ones included; 0 if it is missing. Cheap: tells whether there is anything new. */
  size(segment: string): Promise<number>
  /**
   * The batches of a segment from `from` (the end of a batch; 0 for all) on, and how the segment ends. Holds all of them in
   * memory: `limit` ends it with the batch that reaches so many bytes, and `more` says so.
   */
  tail(segment: string, from: number, limit?: number): Promise<SegmentTail>
  /** Waits for appends under way, then marks the segment closed. Nothing may be appended afterwards. */
  close(): Promise<void>
}

/** The right to append to a stream. */
export interface Ownership {
  readonly stream: string
  /** Fencing token: grows with each owner of the stream. May grow while owned, after a failed disk write. */
  readonly token: number
}

/** A record that was found, its bytes checked. */
export interface FoundRecord {
  readonly stream: string
  readonly token: number
  readonly sequence: number
  /** Undefined: it is one of many long ones, and was left where it is; {@link Log.read} gives it. What a stream of ten million items has recorded need not be in memory at once. */
  readonly payload: Uint8Array | undefined
  readonly position: RecordPosition
}

export interface StoredRecord extends FoundRecord {
  readonly payload: Uint8Array
}

/** A record of a stream: of which owner, the how manieth, and in which segment that owner writes. */
export interface StreamPlace {
  readonly token: number
  readonly sequence: number
  readonly segment: string
}

/** What is intact of a damaged stream. */
export interface IntactStream {
  /** Oldest first, none missing. */
  readonly records: readonly FoundRecord[]
  /** The last of them. */
  readonly last: StreamPlace
  /** The last record of the newest owner that can be read. */
  readonly newest: StreamPlace
  /** There may have been more behind that. */
  readonly isEndLost: boolean
  /** Nothing is lost. */
  readonly isWhole: boolean
}

export interface StreamHistory {
  /** Every record that counts, oldest first. */
  readonly records: readonly FoundRecord[]
  /** Token of the newest owner that counts; 0 if the stream is unknown. */
  readonly token: number
  /** Segment of that token's records. */
  readonly segment?: string
  /** Bytes after the last good record of that segment: writes nobody had synced when the process died or the power went. Reported, never used. */
  readonly tornBytes: number
}

export interface SegmentTail<R extends FoundSegmentRecord = SegmentRecord> {
  readonly segment: string
  readonly batches: readonly SegmentBatch<R>[]
  /** End of the last good batch before which nothing is missing. */
  readonly end: number
  /** Digest of the batch that ends there, in hex. */
  readonly digest: string
  /** Up to here a later batch or the close mark proves that everything is durable: never more than `end`. */
  readonly provenEnd: number
  readonly closed: boolean
  /** Bytes after `end`: a torn write, or what a power cut left of several. */
  readonly tornBytes: number
  /** Set where `limit` ended it: nothing is said of what follows. */
  readonly more?: true
  /** Set when bytes that were once durable cannot be read. */
  readonly damage?: SegmentDamage
}

export interface SegmentDamage {
  /** Where it begins, and why it is called so. */
  readonly offset: number
  readonly reason: string
  /** Where the last damaged part begins: what stands behind this offset is followed by no damage. */
  readonly lastOffset: number
}

export interface SegmentBatch<R extends FoundSegmentRecord = SegmentRecord> {
  /** Bytes from the start of the segment to the end of this batch. */
  readonly end: number
  readonly digest: string
  readonly records: readonly R[]
}

/** The payload of an `accept` is never left in the log. */
export type FoundSegmentRecord =
  | (FoundRecord & { readonly kind: 'data' })
  | (StoredRecord & { readonly kind: 'accept'; readonly position: PlacedPosition })

/** Where a record is; of a take-over that is sealed, also where the copies inside it are. */
export interface PlacedPosition extends RecordPosition {
  readonly copies?: readonly RecordPlace[]
}

export interface SegmentRecord extends StoredRecord {
  readonly position: PlacedPosition
  /** `accept`: a take-over's own record; its payload is the log's business. */
  readonly kind: 'data' | 'accept'
}

/** A batch of this process's own segment that was acknowledged; or, without records, word that more of it is durable now. */
export interface CommittedBatch {
  readonly segment: string
  readonly start: number
  readonly end: number
  /** Up to here a power cut takes nothing: `end`, or less if it was not synced yet. */
  readonly durableEnd: number
  readonly digest: string
  /** Those of fenced owners are left out: they count for nothing. */
  readonly records: readonly SegmentRecord[]
  /** True if a record was left out, so that the batch must be read back to be applied. */
  readonly partial: boolean
}
