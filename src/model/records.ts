import type { CheckpointRecord } from './checkpoint.ts'
import type { CheckpointChanges } from './checkpoint-changes.ts'
import type { CompletedRange } from './completed-set.ts'
import type { ErrorJson } from './errors.ts'
import type { Owner } from './owner.ts'
import type { Plan } from './plan.ts'
import type { ScopePath } from './scope.ts'

/**
 * The records of a run's log: what happened, in order. A record in the log is the commit; everything else (the catalog, the state in
 * memory) is folded from these. All times are wall milliseconds since 1970. Published in `docs/format.md`.
 */
export type RunRecord =
  | RunCreated
  | AttemptStarted
  | AttemptEnded
  | StageStarted
  | StageDone
  | StageFailed
  | StageProgress
  | OutputStarted
  | ItemsRequeued
  | StageNoted
  | ValueDrawn
  | CheckpointSaved
  | CheckpointDeleted
  | CheckpointChanged

export interface RunCreated {
  readonly type: 'run.created'
  readonly time: number
  readonly pipeline: string
  /** As they were given, before a schema: what an attempt checks again. */
  readonly params: unknown
  /** SHA-256 over the params with sorted keys: two runs of one pipeline with equal params are the same work. */
  readonly paramsDigest: string
  /** Top-level stages in order, where the pipeline declares them. */
  readonly stages?: readonly string[]
  /** The pipeline's file, relative to the folder of the store where possible: lets `resume RUN` find it. */
  readonly file?: string
}

export interface AttemptStarted {
  readonly type: 'attempt.started'
  readonly time: number
  /** From 1. */
  readonly attempt: number
  readonly owner: Owner
  readonly plan: Plan
  /** False if an owner before this one may still hold output files open: its lease had run out, but its death was not proven. */
  readonly earlierOwnersDead: boolean
  readonly code?: CodeDigest
  readonly node: string
}

/** What code an attempt ran: shown when it changed, never decisive. */
export interface CodeDigest {
  /** Over all files, comments and white space stripped. */
  readonly digest: string
  /** Project files by path relative to the pipeline's project. */
  readonly files: Readonly<Record<string, string>>
}

export interface AttemptEnded {
  readonly type: 'attempt.ended'
  readonly time: number
  readonly attempt: number
  /** What the run is afterwards. `paused`: stopped cleanly by a signal or an abort; goes on with the next attempt. */
  readonly state: 'completed' | 'failed' | 'paused' | 'cancelled'
  readonly cause?: EndCause
  readonly error?: StoredError
  /** The value the pipeline's function returned, if it can be stored. */
  readonly result?: CheckpointRecord
}

/** Why a process ended, as its supervisor saw it. */
export interface EndCause {
  readonly kind: 'exit' | 'signal' | 'supervisor-gone' | 'abort'
  readonly exitCode?: number
  readonly signal?: string
  /** Only with evidence. */
  readonly likely?: 'out of memory'
  readonly evidence?: string
}

/** An error as it is kept: enough to show it, never revived as code. */
export interface StoredError {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly waymark?: ErrorJson
  /** The item it came from, by its key. */
  readonly item?: string
  readonly cause?: StoredError
}

export interface StageStarted {
  readonly type: 'stage.started'
  readonly time: number
  readonly path: ScopePath
  readonly kind: 'stage' | 'each'
  /** Place in the order of first calls within the run, from 1. Kept when the stage is started again. */
  readonly order: number
  readonly version?: string
  /** What the items come from, where that is known by digest. */
  readonly input?: InputRecord
  /** Set when an earlier result of the stage is thrown away by this start, with the reason. */
  readonly redo?: string
}

export interface InputRecord {
  /** `file`: digest of its bytes. `stage`: digest of the checkpoint. `keys`: no digest, items are known by key. */
  readonly kind: 'file' | 'stage' | 'keys'
  /** `sha256:…` */
  readonly digest?: string
  /** The file's path as given, or the stage's path. */
  readonly from?: string
}

export interface StageDone {
  readonly type: 'stage.done'
  readonly time: number
  readonly path: ScopePath
  readonly durationMs: number
  /** The result. Absent for `each`, whose results are in its output or its progress records. */
  readonly checkpoint?: CheckpointRecord
  readonly counts?: ItemCounts
  readonly output?: OutputPosition
}

export interface StageFailed {
  readonly type: 'stage.failed'
  readonly time: number
  readonly path: ScopePath
  readonly durationMs: number
  readonly error: StoredError
}

/** Counts of items of a stage. `done` includes neither `skipped` nor `setAside`. */
export interface ItemCounts {
  readonly total?: number
  readonly done: number
  readonly skipped: number
  readonly setAside: number
  /** Calls repeated after an error. */
  readonly retries: number
}

/** A group commit of items: those finished since the progress record before. */
export interface StageProgress {
  readonly type: 'stage.progress'
  readonly time: number
  readonly path: ScopePath
  readonly counts: ItemCounts
  /** Items finished since the record before (done or skipped), by index where items are known by index … */
  readonly ranges?: readonly CompletedRange[]
  /** … and by key where they are known by key. */
  readonly keys?: readonly string[]
  /** Results of these items where the stage has no output. */
  readonly results?: readonly ItemResult[]
  /** Where the results are when they are too large for a record: a checkpoint whose value is the same list … */
  readonly resultsIn?: CheckpointRecord
  /** … and the items they belong to. */
  readonly resultIndexes?: readonly number[]
  /** Items put away with their errors since the record before; they are in `ranges` or `keys` too. */
  readonly setAside?: readonly SetAsideItem[]
  readonly output?: OutputPosition
}

/** An item that kept failing: enough to see why, and to call it again. */
export interface SetAsideItem {
  readonly index: number
  /** Undefined where items are known by index. */
  readonly key?: string
  /** The item itself, encoded; undefined if it cannot be stored: then it is read from the input again. */
  readonly payload?: Uint8Array
  readonly error: StoredError
  /** The same for errors of one kind thrown at one place: `model/error-fingerprint.ts`. */
  readonly fingerprint: string
  /** Calls made, all of them failed. */
  readonly calls: number
  readonly time: number
}

/** Items that were set aside are to be called again. */
export interface ItemsRequeued {
  readonly type: 'items.requeued'
  readonly time: number
  readonly path: ScopePath
  /** By index, where items are known by index … */
  readonly ranges?: readonly CompletedRange[]
  /** … or by key. */
  readonly keys?: readonly string[]
}

/** What the work says about itself: own metadata of a stage, and what it is at. The newest counts. */
export interface StageNoted {
  readonly type: 'stage.noted'
  readonly time: number
  readonly path: ScopePath
  /** Merged into what was noted before, by key. */
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly currentStep?: string
}

/** Position of the item in the input, and the encoded result. */
export type ItemResult = readonly [index: number, value: Uint8Array]

/** How much of an output counts. Every kind has a `path`: how it is shown to people. */
export type OutputPosition = FilePosition | PartsPosition | FolderPosition | TablePosition | CallbackPosition

/** How much of a file of lines counts. */
export interface FilePosition {
  readonly kind?: undefined
  /** As the pipeline gave it. */
  readonly path: string
  /** Bytes. */
  readonly length: number
  /** SHA-256 in hex over the last up to 4,096 bytes before `length`. */
  readonly tail: string
  readonly columns?: readonly string[]
  /** Where this run's part begins in a file that is appended to, in bytes. */
  readonly startedAt?: number
}

/** Which part files of a folder count: each was published whole. */
export interface PartsPosition {
  readonly kind: 'parts'
  /** The folder, as the pipeline gave it. */
  readonly path: string
  /** Parts published. Their names follow from their numbers. */
  readonly parts: number
  /** Rows in them. */
  readonly rows: number
}

/** How many files of a folder count: one for each result. */
export interface FolderPosition {
  readonly kind: 'folder'
  /** As the pipeline gave it. */
  readonly path: string
  readonly count: number
}

/** What is committed in a table of the user's database, as that database says in the same transaction. */
export interface TablePosition {
  readonly kind: 'table'
  /** `sqlite:data/shop.db#orders`, `postgres:orders`. */
  readonly path: string
  /** Flushes committed there for this stage of the run. */
  readonly sequence: number
  readonly rows: number
}

/** What a function was given. */
export interface CallbackPosition {
  readonly kind: 'callback'
  readonly path: string
  readonly count: number
}

/** Written before a stage touches its output file: from here on the file belongs to this run. */
export interface OutputStarted {
  readonly type: 'output.started'
  readonly time: number
  readonly path: ScopePath
  readonly output: OutputPosition
}

/** A value of `run.now()`, `run.uuid()` or `run.random()`: drawn once, the same in every attempt. */
export interface ValueDrawn {
  readonly type: 'value.drawn'
  readonly time: number
  readonly kind: 'now' | 'uuid' | 'random'
  /** From 0, per kind. */
  readonly index: number
  readonly value: number | string
}

/** A checkpoint saved through the library, outside any stage. */
export interface CheckpointSaved {
  readonly type: 'checkpoint.saved'
  readonly time: number
  readonly checkpoint: CheckpointRecord
}

/** The tombstone of a checkpoint. Ids are never used again. */
export interface CheckpointDeleted {
  readonly type: 'checkpoint.deleted'
  readonly time: number
  readonly id: string
}

/** What was changed about a checkpoint after it was saved: never its value. How several of them add up: `checkpoint-changes.ts`. */
export interface CheckpointChanged {
  readonly type: 'checkpoint.changed'
  /** Above the time of every change of this checkpoint that the writer knew of, also when the clock goes backwards. */
  readonly time: number
  readonly id: string
  readonly changes: CheckpointChanges
}
