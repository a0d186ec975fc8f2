import type { CheckpointRecord } from './checkpoint.ts'
import type { CheckpointChanged, CheckpointDeleted, CheckpointNoted, CheckpointSaved } from './checkpoint-records.ts'
import type { CodeDigest } from './code-digest.ts'
import type { CompletedRange } from './completed-set.ts'
import type { ErrorJson } from './errors.ts'
import type { EventsRecorded } from './event-records.ts'
import type { ForkOrigin } from './fork-origin.ts'
import type { OutputPosition } from './output-position.ts'
import type { Owner } from './owner.ts'
import type { Plan } from './plan.ts'
import type { AttemptProof, CheckOutcome } from './recovery-proof.ts'
import type { StageView } from './run-view.ts'
import type { ScopePath } from './scope.ts'
import type { StopRequest } from './stop-request.ts'
import type { TimingsByPath } from './timings.ts'

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
  | StageReset
  | StageInherited
  | StageNoted
  | ValueDrawn
  | CheckpointSaved
  | CheckpointDeleted
  | CheckpointNoted
  | CheckpointChanged
  | EventsRecorded

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
  /** Set where the run was forked: what another run recorded up to there counts as recorded in this one. */
  readonly forkedFrom?: ForkOrigin
  /** Paths of what is not to be shown of the run: see `redact` of a pipeline. Nothing is done about it in what is stored. */
  readonly redact?: readonly string[]
  /** Entries of each record stream that are shown at its end; absent: the default. */
  readonly recordTail?: number
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
  /** Id of the checkpoint of type `error` that a failed attempt left; a record of its own holds it. */
  readonly errorCheckpoint?: string
  /** What was reused and what is new, counted; and where that is not what the plan said. */
  readonly proof?: AttemptProof
  /** Who asked for the end, where somebody did: a run paused so goes on only when it is told to, and one cancelled so never. */
  readonly request?: StopRequest
  /** False where this was written in the place of an owner whose death was not proven: it may still hold output files open. */
  readonly earlierOwnersDead?: false
  /** Of a paused attempt that stopped where it was asked to: the option, `--until extract`. */
  readonly held?: string
  /** How the user's own check after a recovery ended. */
  readonly check?: CheckOutcome
  /** Where time went that no record before tells of; under the empty path that of the run itself. */
  readonly timings?: TimingsByPath
}

/** Why a process ended, as its supervisor saw it. */
export interface EndCause {
  readonly kind: 'exit' | 'signal' | 'supervisor-gone' | 'abort'
  readonly exitCode?: number
  readonly signal?: string
  /** Only with evidence. */
  readonly likely?: 'out of memory'
  readonly evidence?: string
  /** Items that the process had told of as finished, and that are not recorded, of each pass. It may have finished more since, or an output may hold some of them. */
  readonly unsaved?: readonly UnsavedItems[]
}

export interface UnsavedItems {
  readonly stage: ScopePath
  readonly items: number
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
  /** Items in all, where that is known before they are called. */
  readonly total?: number
  /** What the digests of keys are made with, 16 random bytes: that of the first start counts, or of the one that redid the stage. Absent: zeros. */
  readonly keySalt?: Uint8Array
  /** Set when an earlier result of the stage is thrown away by this start, with the reason. */
  readonly redo?: string
}

export interface InputRecord {
  /**
   * `file`: digest of its bytes. `stage`: digest of the checkpoint. `value`: digest of what the caller said tells whether the items are the same. `keys`: no digest, items are known by
   * key.
   */
  readonly kind: 'file' | 'stage' | 'value' | 'keys'
  /** `sha256:…` */
  readonly digest?: string
  /** The file's path as given, or the stage's path. */
  readonly from?: string
  /** Of a file, in bytes: how much of it the digest is over. */
  readonly size?: number
  /** Of a file: when it was changed last, in wall milliseconds. Shown only; whether it is the same is told by the digest. */
  readonly mtimeMs?: number
  /** Of a value that is a text or a number: itself, cut after 100 characters. */
  readonly value?: string
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
  readonly timings?: TimingsByPath
}

export interface StageFailed {
  readonly type: 'stage.failed'
  readonly time: number
  readonly path: ScopePath
  readonly durationMs: number
  readonly error: StoredError
  readonly timings?: TimingsByPath
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
  /** … and now and then also all that are finished, so that whoever reads the log can forget the ranges before. */
  readonly completed?: readonly CompletedRange[]
  /** Where items are known by key: {@link KeyDigester digests} of the keys of those finished since the record before, one after another … */
  readonly keyDigests?: Uint8Array
  /** … or the keys themselves. */
  readonly keys?: readonly string[]
  /** Results of these items where the stage has no output, as `format/result-bytes.ts` puts them together … */
  readonly resultBytes?: Uint8Array
  /** (the least index among them) */
  readonly resultsFrom?: number
  /** … or, before format 1.2, as a list. */
  readonly results?: readonly ItemResult[]
  /** Where the results are when they are too large for a record: a checkpoint whose value is the same list … */
  readonly resultsIn?: CheckpointRecord
  /** … and the items they belong to. */
  readonly resultIndexes?: readonly number[]
  /** Items put away with their errors since the record before; they are in `ranges` or `keys` too. */
  readonly setAside?: readonly SetAsideItem[]
  readonly output?: OutputPosition
  readonly timings?: TimingsByPath
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

/** What is recorded of a stage counts no more: it is thrown away when the stage is called next. */
export interface StageReset {
  readonly type: 'stage.reset'
  readonly time: number
  /** Empty: every stage of the run. */
  readonly path: ScopePath
}

/**
 * What a forked run shows of a stage that it has from the run it was made from, as that was then. For the catalog only: what counts is read from the records of that run.
 */
export interface StageInherited {
  readonly type: 'stage.inherited'
  readonly time: number
  readonly path: ScopePath
  readonly stage: StageView
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

/** Written before a stage touches its output file: from here on the file belongs to this run. */
export interface OutputStarted {
  readonly type: 'output.started'
  readonly time: number
  readonly path: ScopePath
  readonly output: OutputPosition
}

/** A value of `now()`, `uuid()` or `random()`, of the run or of a `ctx`: drawn once, the same in every attempt. */
export interface ValueDrawn {
  readonly type: 'value.drawn'
  readonly time: number
  /** Who drew it: empty for the run itself, a stage, an item. Absent before format 1.2: then `index` counts over the whole run. */
  readonly scope?: ScopePath
  readonly kind: 'now' | 'uuid' | 'random'
  /** From 0, per scope and kind, among those without a name. 0 where there is one. */
  readonly index: number
  /** The caller's name for it. */
  readonly name?: string
  /** Where the run itself drew it, `shop.ts:14:22`: compared, never decisive. */
  readonly site?: string
  readonly value: number | string
}
