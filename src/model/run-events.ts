import type { CheckpointTable } from './checkpoint.ts'
import type { Durability } from './durability.ts'
import type { ErrorJson } from './errors.ts'
import type { Plan } from './plan.ts'
import type { StreamSummary } from './record-stream.ts'
import type { EndCause, ItemCounts, StoredError } from './records.ts'
import type { AttemptProof, CheckOutcome } from './recovery-proof.ts'
import type { SaveReason } from './save-policy.ts'
import type { ScopePath } from './scope.ts'
import type { UnreachedStage } from './unreached-stage.ts'

/**
 * What an attempt tells while it works: to `onEvent` in the library, over IPC to the supervisor, and, with `schemaVersion`, `time` and `run` added, as
 * the lines of `waymark run --json`. Events are for people and programs that watch; nothing depends on one arriving.
 */
export type RunEvent =
  | { readonly type: 'plan'; readonly plan: Plan }
  | { readonly type: 'run.started'; readonly pipeline: string; readonly attempt: number; readonly store: string }
  | { readonly type: 'stage.started'; readonly stage: ScopePath; readonly kind: 'stage' | 'each'; readonly total?: number }
  | { readonly type: 'stage.reused'; readonly stage: ScopePath; readonly counts?: ItemCounts }
  | StageProgressEvent
  | StageCompletedEvent
  | { readonly type: 'stage.failed'; readonly stage: ScopePath; readonly error: StoredError }
  | {
      readonly type: 'item.retry'
      readonly stage: ScopePath
      readonly item: string
      /** The call that comes next, as `ctx.call` says it. */
      readonly call: number
      readonly error: StoredError
    }
  | {
      readonly type: 'item.setAside'
      readonly stage: ScopePath
      readonly item: string
      readonly calls: number
      readonly error: StoredError
    }
  /** Somebody asked the run to stop, and it does. */
  | { readonly type: 'stopping'; readonly message: string }
  /** Something the user should know and need not act on. */
  | { readonly type: 'notice'; readonly message: string }
  /** A line the user's code wrote. */
  | { readonly type: 'log'; readonly stream: 'stdout' | 'stderr'; readonly text: string; readonly stage?: ScopePath }
  | RunEndedEvent

export interface SaveFacts {
  /** From the end of one save to the next, where time decides; absent if it does not. */
  readonly intervalMs?: number
  readonly reason?: SaveReason
  /** What a save took from the work so far, on average, in milliseconds; absent before the first. */
  readonly costMs?: number
  /** What saved progress survives. */
  readonly durability: Durability
}

export interface StageProgressEvent {
  readonly type: 'progress'
  readonly stage: ScopePath
  readonly counts: ItemCounts
  /** Items recorded before this attempt began: reused, and no speed. */
  readonly reused: number
  /** Items finished but not yet durable: what a kill now would redo. */
  readonly atRisk: number
  /** How often progress is saved, and why not more or less often. */
  readonly save?: SaveFacts
  /** Items a second in this attempt; undefined before the first measurement. */
  readonly itemsPerSecond?: number
  /** Undefined while unknown. */
  readonly etaMs?: { readonly low: number; readonly likely: number; readonly high: number }
}

/** The checkpoint that a stage's result became. */
export interface CompletedCheckpoint {
  readonly id: string
  readonly logicalBytes: number
  readonly storedBytes: number
  /** The tables in it, with their facts. */
  readonly tables?: readonly CheckpointTable[]
}

export interface StageCompletedEvent {
  readonly type: 'stage.completed'
  readonly stage: ScopePath
  readonly durationMs: number
  readonly counts?: ItemCounts
  readonly checkpoint?: CompletedCheckpoint
  /** Path of the output file as the pipeline gave it. */
  readonly output?: string
}

export interface RunEndedEvent {
  readonly type: 'run.ended'
  readonly state: 'completed' | 'failed' | 'paused' | 'cancelled'
  readonly durationMs: number
  readonly error?: ErrorJson
  readonly cause?: EndCause
  readonly setAside: number
  /** What was reused and what is new, counted; absent where the process died. */
  readonly proof?: AttemptProof
  /** How the user's own check after a recovery ended. */
  readonly check?: CheckOutcome
  /** Id of the checkpoint of type `error` that a failed attempt left. */
  readonly errorCheckpoint?: string
  /** Set where it was completed although it was to stop at a stage, which it never came to. */
  readonly unreached?: UnreachedStage
  /** The record streams of the run, where it has entries. */
  readonly records?: readonly StreamSummary[]
}
