import type { RunRecord } from './records.ts'

/** Whether the views of a run say where this record is: a checkpoint that it holds is loaded from there. */
export function keepsPosition(record: RunRecord): boolean {
  switch (record.type) {
    case 'checkpoint.saved':
    case 'checkpoint.changed':
      return true
    case 'attempt.ended':
      return record.result !== undefined
    case 'stage.done':
      return record.checkpoint !== undefined
    case 'stage.progress':
      return record.resultsIn !== undefined
    default:
      return false
  }
}
