import type { CheckpointRecord, PackContent } from './checkpoint.ts'
import type { CheckpointPin, SettableStatus } from './checkpoint-changes.ts'
import type { ForkOrigin } from './fork-origin.ts'
import type { OutputPosition } from './output-position.ts'
import type { Owner } from './owner.ts'
import type { EndCause, InputRecord, ItemCounts, StoredError } from './records.ts'
import type { AttemptProof, CheckOutcome } from './recovery-proof.ts'
import type { Recovery } from './recovery-type.ts'
import type { ScopePath } from './scope.ts'
import type { StopRequest } from './stop-request.ts'

/** `crashed` is not among them: it is derived (running, and the owner is dead). */
export type RunState = 'initialized' | 'running' | 'paused' | 'completed' | 'failed' | 'recovering' | 'cancelled'
export type StageState = 'running' | 'completed' | 'failed'

/** A run as the catalog keeps it: what its records add up to. */
export interface RunView {
  readonly id: string
  readonly pipeline: string
  readonly state: RunState
  readonly params: unknown
  readonly paramsDigest: string
  readonly declaredStages: readonly string[]
  readonly file?: string
  readonly createdAt: number
  /** Time of the newest record. */
  readonly updatedAt: number
  readonly endedAt?: number
  readonly attempt: number
  /** The process of the newest attempt, while that attempt has not ended. */
  readonly owner?: Owner
  readonly cause?: EndCause
  readonly error?: StoredError
  /** Who asked the newest attempt to end, where somebody did. */
  readonly request?: StopRequest
  readonly resultId?: string
  /** What kind of beginning the newest attempt was. */
  readonly recovery?: Recovery
  /** What that attempt reused and what is new, counted, once it has ended. */
  readonly proof?: AttemptProof
  /** How the user's own check after a recovery ended. */
  readonly check?: CheckOutcome
  /** The checkpoint of type `error` that the newest attempt left. */
  readonly errorCheckpoint?: string
  readonly stagesStarted: number
  readonly stagesCompleted: number
  readonly lastStage?: ScopePath
  /** It was completed, and since then items of it were requeued or a stage reset. */
  readonly reopened?: true
  /** Set where it was forked: from which run, and where. */
  readonly forkedFrom?: ForkOrigin
  /** Paths of what is not to be shown of it. */
  readonly redact?: readonly string[]
  /** Entries of each record stream that are shown at its end. */
  readonly recordTail?: number
}

/** A stage of a run as the catalog keeps it. */
export interface StageView {
  readonly run: string
  readonly path: ScopePath
  readonly kind: 'stage' | 'each'
  readonly order: number
  readonly state: StageState
  readonly version?: string
  readonly input?: InputRecord
  readonly startedAt: number
  readonly updatedAt: number
  readonly endedAt?: number
  readonly durationMs?: number
  /** The attempt that last worked on it. */
  readonly attempt: number
  readonly counts?: ItemCounts
  /** Of the counts, what was recorded when the newest attempt began with it. */
  readonly before?: ItemCounts
  readonly checkpointId?: string
  readonly digest?: string
  readonly output?: OutputPosition
  readonly error?: StoredError
  /** What the work noted about itself, newest by key. */
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly currentStep?: string
  /** Items to be called again although the stage was completed before. */
  readonly requeued?: number
  /** What is recorded of it is thrown away when it is called next. */
  readonly reset?: true
  /** Recorded by this run, from which the stage's own was forked; it has done nothing about it since. */
  readonly inheritedFrom?: string
}

/** A checkpoint as the catalog keeps it: everything but the bytes, and where they are. */
export interface CheckpointView extends Omit<CheckpointRecord, 'content'> {
  readonly content: { readonly kind: 'inline' } | { readonly kind: 'chunks' } | PackContent
  /** The log record that committed it. */
  readonly record: RecordPosition
  /** Absent: active. Whether it is expired follows from `expiresAt`. */
  readonly status?: SettableStatus
  /** By name. Absent: none. */
  readonly pins?: readonly CheckpointPin[]
  /** Time of the newest change after it was saved. Absent: never changed. */
  readonly changedAt?: number
  /** The log has lost it: this is what a repair noted of it. */
  readonly noted?: true
}

/** Where a record lies in the log. */
export interface RecordPosition {
  readonly segment: string
  /** Bytes from the start of the segment. */
  readonly offset: number
  readonly length: number
}
