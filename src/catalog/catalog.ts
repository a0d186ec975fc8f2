import type { ChangeState } from '../model/checkpoint-changes.ts'
import type { CheckpointCondition } from '../model/checkpoint-filter.ts'
import type { CheckpointPlace, CheckpointSort } from '../model/checkpoint-sort.ts'
import type { CheckpointStatus } from '../model/checkpoint-status.ts'
import type { CheckpointView, RunState, RunView, StageView } from '../model/run-view.ts'
import type { ScopePath } from '../model/scope.ts'

/**
 * The queryable view of runs, stages and checkpoints. Where the log is files it is a cache: it can be deleted, damaged or put back from an old
 * copy, and is then mended from the log. It is never asked who owns a run or what counts: only the log says that.
 *
 * Every row carries a checksum over its columns; a row that does not match, or a file SQLite cannot read, rejects with `corrupt`
 * (`details.catalog: true`), upon which the caller rebuilds.
 */
export interface Catalog {
  /** How far each segment of the log has been applied, or each of these. There may be ten thousand. */
  marks(segments?: readonly string[]): Promise<readonly SegmentMark[]>
  /** The newest record applied of each of these streams; missing where none was. */
  heads(streams: readonly string[]): Promise<ReadonlyMap<string, StreamHead>>
  /**
   * Applies changes atomically, in order. Resolves false, having changed nothing, if any of `expect` no longer holds: another process applied
   * the same part of the log first; the caller reads again and retries. Not durable on its own: the log is.
   */
  apply(changes: readonly CatalogChange[], expect: CatalogExpectation): Promise<boolean>
  run(id: string): Promise<RunView | undefined>
  /** Newest first by `createdAt`, then id. */
  runs(query: RunQuery): Promise<readonly RunView[]>
  /** Whose checkpoints a retention may delete; newest first by `createdAt`, then id. */
  staleRuns(query: StaleRunQuery): Promise<readonly StaleRun[]>
  /** In order of first call; those of these paths, or those inside a path, where that is asked for. */
  stages(run: string, which?: readonly ScopePath[] | StagesInside): Promise<readonly StageView[]>
  checkpoint(id: string): Promise<CheckpointView | undefined>
  /** Sorted as asked, newest first by `order` unless told otherwise; equal ones by `order` and id. */
  checkpoints(query: CheckpointQuery): Promise<readonly CheckpointView[]>
  /** Counts and the highest `order` of any checkpoint, deleted ones included. */
  summary(): Promise<CatalogSummary>
  /** @param now Wall milliseconds, for what has expired. */
  stats(now: number): Promise<CheckpointStats>
  /** Removes every row: the first step of a rebuild. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** Stages that lie inside this path, which itself is not among them. Takes as long as there are such, however many others the run has. */
export interface StagesInside {
  readonly inside: ScopePath
}

/** How far a segment has been applied. */
export interface SegmentMark {
  readonly segment: string
  /** Bytes applied: the end of a batch. */
  readonly appliedEnd: number
  /** Digest of the batch that ends there, in hex. */
  readonly digest: string
  /** Bytes known to be durable (acknowledged by the owner, or proven by a later batch): a log that ends before this has lost something. */
  readonly provenEnd: number
}

/** The newest applied record of a stream. */
export interface StreamHead {
  readonly token: number
  readonly sequence: number
  /** The segment that holds the records of this token: where a take-over looks first. */
  readonly segment: string
}

export type CatalogChange =
  | { readonly kind: 'mark'; readonly mark: SegmentMark }
  | { readonly kind: 'head'; readonly stream: string; readonly head: StreamHead }
  | { readonly kind: 'run'; readonly run: RunView }
  | { readonly kind: 'stage'; readonly stage: StageView }
  | { readonly kind: 'delete-stage'; readonly run: string; readonly path: ScopePath }
  | { readonly kind: 'checkpoint'; readonly checkpoint: CheckpointView }
  /** Forgets its changes too; later ones are ignored. */
  | { readonly kind: 'delete-checkpoint'; readonly id: string }
  /** In any order among themselves and with the checkpoint, with the same outcome; survives `forget-stream`. */
  | { readonly kind: 'change-checkpoint'; readonly id: string; readonly changes: ChangeState }
  /** Forgets a run with its stages, its checkpoints and its head: before it is applied anew from the log. */
  | { readonly kind: 'forget-stream'; readonly stream: string }

export interface CatalogExpectation {
  /** `appliedEnd` each segment must still have; 0 if it must be unknown. */
  readonly marks: ReadonlyMap<string, number>
  /** Head each stream must still have; undefined if it must be unknown. */
  readonly heads: ReadonlyMap<string, StreamHead | undefined>
}

export interface RunQuery {
  readonly pipeline?: string
  readonly paramsDigest?: string
  readonly states?: readonly RunState[]
  /** Ids beginning with this. */
  readonly idPrefix?: string
  /** Forked from this run, directly. */
  readonly forkedFrom?: string
  /** Default 50. */
  readonly limit?: number
  /** Continues after this run of the page before. */
  readonly after?: { readonly createdAt: number; readonly id: string }
}

/**
 * Runs that are completed or cancelled, have a checkpoint that is not pinned, and are none of the newest of their pipeline. Takes as long as there are runs with checkpoints, and as these runs have checkpoints;
 * however many runs have none any more.
 */
export interface StaleRunQuery {
  /** Made then or before, in wall milliseconds. */
  readonly createdBy: number
  /** So many of each pipeline are left out, whatever their state. */
  readonly newestRuns: number
}

export interface StaleRun {
  readonly id: string
  /** Another one as soon as a checkpoint of the run was saved, deleted, pinned or unpinned. Not verified by a checksum: it only tells whether to look at them. */
  readonly stamp: string
}

export interface CheckpointQuery {
  readonly run?: string
  /** Without `run`: of any run. */
  readonly stage?: ScopePath
  readonly type?: string
  /** Must all be present. */
  readonly tags?: readonly string[]
  readonly idPrefix?: string
  /** Must all hold, besides those above. */
  readonly where?: readonly CheckpointCondition[]
  /** Default newest first. Sorted by what some checkpoints have not, the list is of those that have it. */
  readonly sort?: CheckpointSort
  /** Default 50. */
  readonly limit?: number
  /** Only checkpoints that come after this place in the list: the next page. */
  readonly after?: CheckpointPlace
  /** Wall milliseconds, for what has expired; without it nothing has. */
  readonly now?: number
}

/** What checkpoints add up to. */
export interface CheckpointStats {
  readonly checkpoints: number
  readonly logicalBytes: number
  /** As recorded when each was saved: what is shared is counted once, by the first. */
  readonly storedBytes: number
  /** By number of checkpoints, most first. */
  readonly types: readonly CheckpointTally[]
  readonly statuses: Readonly<Record<CheckpointStatus, number>>
  /** The twenty with most checkpoints; stages called in a loop are one, `load[*]`. */
  readonly stages: readonly CheckpointTally[]
  readonly pinned: number
  readonly expired: number
  /** Wall milliseconds. Absent where there is no checkpoint. */
  readonly oldestAt?: number
  readonly newestAt?: number
}

export interface CheckpointTally {
  readonly value: string
  readonly checkpoints: number
  readonly logicalBytes: number
  readonly storedBytes: number
}

export interface CatalogSummary {
  readonly runs: number
  readonly checkpoints: number
  readonly highestOrder: number
}
