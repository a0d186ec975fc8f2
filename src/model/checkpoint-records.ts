import type { CheckpointRecord } from './checkpoint.ts'
import type { CheckpointChanges } from './checkpoint-changes.ts'
import type { CheckpointView } from './run-view.ts'

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

/** What a repair knew of a checkpoint that the log cannot tell of any more: its own record, or others of its run, are lost. Only what the log still tells has a later word. */
export interface CheckpointNoted {
  readonly type: 'checkpoint.noted'
  readonly time: number
  /** As it was known, with the place of its record: should that be put back, it loads. */
  readonly checkpoint: CheckpointView
}

/** What was changed about a checkpoint after it was saved: never its value. How several of them add up: `checkpoint-changes.ts`. */
export interface CheckpointChanged {
  readonly type: 'checkpoint.changed'
  /** Above the time of every change of this checkpoint that the writer knew of, also when the clock goes backwards. */
  readonly time: number
  readonly id: string
  readonly changes: CheckpointChanges
}
