import type { CheckpointRecord } from '../model/checkpoint.ts'
import type { RunRecord } from '../model/records.ts'

/** The checkpoint a record commits, if it commits one. */
export function checkpointIn(record: RunRecord): CheckpointRecord | undefined {
  switch (record.type) {
    case 'checkpoint.saved':
    case 'stage.done':
      return record.checkpoint
    case 'attempt.ended':
      return record.result
    case 'stage.progress':
      return record.resultsIn
    default:
      return undefined
  }
}
