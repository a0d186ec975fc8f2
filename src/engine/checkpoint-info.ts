import type { CheckpointRecord } from '../model/checkpoint.ts'
import type { CheckpointPin } from '../model/checkpoint-changes.ts'
import { type CheckpointStatus, statusOf } from '../model/checkpoint-status.ts'
import type { CheckpointView } from '../model/run-view.ts'

/** Everything known of a checkpoint but its value. */
export interface CheckpointInfo extends Omit<CheckpointRecord, 'content'> {
  /** `expired` where its time has come, unless it is archived or damaged. */
  readonly status: CheckpointStatus
  /** By name. While there is one the checkpoint is not deleted. */
  readonly pins: readonly CheckpointPin[]
  /** Wall milliseconds of the newest change of its labels. Absent: never changed. */
  readonly changedAt?: number
  /** Keys at the top of the value with the encoded bytes of each, where that is known: `info` only. */
  readonly keys?: readonly { readonly key: string; readonly bytes: number }[]
}

export function infoOf(view: CheckpointView, now: number): CheckpointInfo {
  const { content: _content, record: _record, pins = [], ...facts } = view
  return { ...facts, status: statusOf(view, now), pins }
}
