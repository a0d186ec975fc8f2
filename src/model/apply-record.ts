import { applyStageRecord, type ViewChange } from './apply-stage-record.ts'
import { stampChanges } from './checkpoint-changes.ts'
import { checkpointView } from './checkpoint-view.ts'
import type { RunRecord } from './records.ts'
import type { RecordPosition, RunState, RunView, StageView } from './run-view.ts'
import type { ScopePath } from './scope.ts'

/** What {@link applyRecord} needs to know of the state before. */
export interface ViewBefore {
  readonly run: RunView | undefined
  /** The stage the record names, if it is known. */
  readonly stage: StageView | undefined
  /** What lies inside it; needed only where `throwsAway` says so. */
  readonly inside?: readonly StageView[]
}

/** The stage a record names, or undefined. */
export function stageOf(record: RunRecord): ScopePath | undefined {
  return 'path' in record ? record.path : undefined
}

/** Folds one record into the views. Pure: the same records in the same order always give the same views. */
export function applyRecord(runId: string, before: ViewBefore, record: RunRecord, position: RecordPosition): ViewChange {
  if (record.type === 'checkpoint.saved') return { checkpoint: checkpointView(record.checkpoint, position) }
  if (record.type === 'checkpoint.noted') return { checkpoint: { ...record.checkpoint, noted: true } }
  if (record.type === 'checkpoint.deleted') return { deletedCheckpoint: record.id }
  if (record.type === 'checkpoint.changed') {
    return { changedCheckpoint: { id: record.id, changes: stampChanges(record.changes, record.time, position) } }
  }
  if (record.type === 'run.created') return { run: createdRun(runId, record) }
  if (before.run === undefined) return {}
  const run: RunView = { ...before.run, updatedAt: Math.max(before.run.updatedAt, record.time) }
  switch (record.type) {
    case 'attempt.started': {
      const { endedAt: _ended, cause: _cause, error: _error, request: _request, ...ending } = run
      const {
        proof: _proof,
        check: _check,
        reopened: _reopened,
        errorCheckpoint: _errorCheckpoint,
        recovery: _recovery,
        ...rest
      } = ending
      const state: RunState = before.run.attempt === 0 ? 'running' : 'recovering'
      const { recovery } = record.plan
      return {
        run: { ...rest, state, attempt: record.attempt, owner: record.owner, ...(recovery === undefined ? {} : { recovery }) },
      }
    }
    case 'attempt.ended': {
      const { owner: _owner, request: _request, ...rest } = run
      return {
        run: {
          ...rest,
          state: record.state,
          endedAt: record.time,
          ...(record.cause === undefined ? {} : { cause: record.cause }),
          ...(record.error === undefined ? {} : { error: record.error }),
          ...(record.request === undefined ? {} : { request: record.request }),
          ...(record.result === undefined ? {} : { resultId: record.result.id }),
          ...(record.proof === undefined ? {} : { proof: record.proof }),
          ...(record.check === undefined ? {} : { check: record.check }),
          ...(record.errorCheckpoint === undefined ? {} : { errorCheckpoint: record.errorCheckpoint }),
        },
        ...(record.result === undefined ? {} : { checkpoint: checkpointView(record.result, position) }),
      }
    }
    case 'value.drawn':
    case 'events.recorded':
      return { run }
    default:
      return applyStageRecord(
        { ...run, state: run.state === 'recovering' ? 'running' : run.state },
        before.stage,
        record,
        position,
        before.inside,
      )
  }
}

function createdRun(id: string, record: Extract<RunRecord, { type: 'run.created' }>): RunView {
  return {
    id,
    pipeline: record.pipeline,
    state: 'initialized',
    params: record.params,
    paramsDigest: record.paramsDigest,
    declaredStages: record.stages ?? [],
    ...(record.file === undefined ? {} : { file: record.file }),
    ...(record.forkedFrom === undefined ? {} : { forkedFrom: record.forkedFrom }),
    ...(record.redact === undefined ? {} : { redact: record.redact }),
    ...(record.recordTail === undefined ? {} : { recordTail: record.recordTail }),
    createdAt: record.time,
    updatedAt: record.time,
    attempt: 0,
    stagesStarted: 0,
    stagesCompleted: 0,
  }
}
