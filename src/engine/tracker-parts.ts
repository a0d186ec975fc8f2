import type { CheckpointRecord } from '../model/checkpoint.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import type { ScopePath } from '../model/scope.ts'
import type { TrackOptions } from './track-options.ts'
import type { LoopEnd, TrackedRun } from './tracked-run.ts'
import { writeCheckpoint } from './write-checkpoint.ts'

/** What a tracker is made of. */
export interface TrackerParts {
  readonly run: TrackedRun
  readonly path: ScopePath
  /** The stage as it is recorded, started. */
  readonly recorded: RecordedStage
  /** Why what was recorded is thrown away, if it is. */
  readonly redo: string | undefined
  readonly total: number | undefined
  readonly options: TrackOptions
}

/** The final data as a checkpoint, which the end of the loop commits. */
export function keepFinalData({ run, path, recorded, options }: TrackerParts, finalData: unknown): Promise<CheckpointRecord> {
  const { core, run: id } = run.attempt.facts
  const { description, tags } = options
  return writeCheckpoint(core, finalData, {
    run: id,
    stage: path,
    type: 'result',
    metadata: { ...recorded.metadata },
    ...(description === undefined ? {} : { description }),
    ...(tags === undefined ? {} : { tags }),
  })
}

/** What a loop did, for the comparison with the plan. */
export function noteLoop({ run, path, redo }: TrackerParts, before: number, recordedNow: number, end: LoopEnd): void {
  const stage = run.attempt.facts.recorded.stages.get(path)
  run.attempt.check.note({
    kind: 'pass',
    path,
    before,
    recordedNow,
    after: stage?.finished ?? 0,
    // The total may be another since the last save.
    counts: end.state === 'completed' ? end.record.counts : stage?.counts,
    completed: end.state === 'completed',
    redo,
    rows: undefined,
  })
}
