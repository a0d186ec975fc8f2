import type { ChangeState } from './checkpoint-changes.ts'
import { checkpointView } from './checkpoint-view.ts'
import { rangesLength } from './completed-set.ts'
import type { InputRecord, RunRecord } from './records.ts'
import type { CheckpointView, RecordPosition, RunView, StageView } from './run-view.ts'
import type { ScopePath } from './scope.ts'

/** What a record changes: new versions of at most one run, one stage and one checkpoint, or what is changed about a checkpoint. */
export interface ViewChange {
  readonly run?: RunView
  readonly stage?: StageView
  /** Stages that lay inside one that is thrown away. */
  readonly deletedStages?: readonly ScopePath[]
  readonly checkpoint?: CheckpointView
  readonly deletedCheckpoint?: string
  readonly changedCheckpoint?: { readonly id: string; readonly changes: ChangeState }
}

/** Whether a record throws away what was done inside the stage that it names; a reset that names none, all stages of the run. */
export const throwsAway = (record: RunRecord): boolean =>
  (record.type === 'stage.started' && record.redo !== undefined) || record.type === 'stage.reset'

/** Of a run that was finished: it is not any more. */
const reopened = (run: RunView): RunView => (run.state === 'completed' ? { ...run, state: 'paused', reopened: true } : run)

const completedOf = (stages: readonly StageView[]): number => stages.filter(({ state }) => state === 'completed').length

type StageRecord = Extract<RunRecord, { path: ScopePath }>

/** Folds a record of one stage: what that changes of the stage, and of the counts of its run. */
export function applyStageRecord(
  run: RunView,
  stage: StageView | undefined,
  record: StageRecord,
  position: RecordPosition,
  inside: readonly StageView[] = [],
): ViewChange {
  if (record.type === 'stage.inherited') return inherited(run, stage, record.stage)
  const gone = throwsAway(record) ? inside : []
  if (record.type === 'stage.started') {
    const counts = stage === undefined || record.redo !== undefined ? undefined : stage.counts
    return {
      run: {
        ...run,
        lastStage: record.path,
        stagesStarted: run.stagesStarted + (stage === undefined ? 1 : 0) - gone.length,
        stagesCompleted: run.stagesCompleted - (stage?.state === 'completed' ? 1 : 0) - completedOf(gone),
      },
      ...(gone.length === 0 ? {} : { deletedStages: gone.map(({ path }) => path) }),
      stage: {
        run: run.id,
        path: record.path,
        kind: record.kind,
        order: record.order,
        state: 'running',
        startedAt: record.time,
        updatedAt: record.time,
        attempt: run.attempt,
        ...(record.version === undefined ? {} : { version: record.version }),
        ...(record.input === undefined ? {} : { input: record.input }),
        ...(counts === undefined ? {} : { counts, before: counts }),
        ...(stage === undefined || record.redo !== undefined ? {} : keptAcrossStarts(stage, record.input)),
      },
    }
  }
  if (record.type === 'stage.reset' && record.path === '') {
    const { lastStage: _last, proof: _proof, check: _check, ...rest } = run
    return { run: { ...rest, stagesStarted: 0, stagesCompleted: 0 }, deletedStages: gone.map(({ path }) => path) }
  }
  if (stage === undefined) return { run }
  const { inheritedFrom: _origin, ...own } = stage
  const next: StageView = { ...own, updatedAt: record.time, attempt: run.attempt }
  switch (record.type) {
    case 'stage.progress':
      return {
        run,
        stage: { ...next, counts: record.counts, ...(record.output === undefined ? {} : { output: record.output }) },
        ...(record.resultsIn === undefined ? {} : { checkpoint: checkpointView(record.resultsIn, position) }),
      }
    case 'stage.noted':
      return {
        run,
        stage: {
          ...next,
          ...(record.metadata === undefined ? {} : { metadata: { ...stage.metadata, ...record.metadata } }),
          ...(record.currentStep === undefined ? {} : { currentStep: record.currentStep }),
        },
      }
    case 'items.requeued': {
      const again = rangesLength(record.ranges ?? []) + (record.keys?.length ?? 0)
      const counts = stage.counts && { ...stage.counts, setAside: Math.max(0, stage.counts.setAside - again) }
      const { endedAt: _ended, ...rest } = next
      return {
        run: {
          ...reopened(run),
          stagesCompleted: run.stagesCompleted - (stage.state === 'completed' ? 1 : 0),
        },
        stage: {
          ...rest,
          state: 'running',
          ...(stage.state !== 'completed' && stage.requeued === undefined ? {} : { requeued: (stage.requeued ?? 0) + again }),
          ...(counts === undefined ? {} : { counts }),
        },
      }
    }
    case 'stage.reset': {
      const { endedAt: _ended, ...rest } = next
      return {
        run: {
          ...reopened(run),
          stagesStarted: run.stagesStarted - gone.length,
          stagesCompleted: run.stagesCompleted - (stage.state === 'completed' ? 1 : 0) - completedOf(gone),
        },
        ...(gone.length === 0 ? {} : { deletedStages: gone.map(({ path }) => path) }),
        stage: { ...rest, state: 'running', reset: true },
      }
    }
    case 'output.started':
      return { run, stage: { ...next, output: record.output } }
    case 'stage.failed':
      return {
        run,
        stage: { ...next, state: 'failed', endedAt: record.time, durationMs: record.durationMs, error: record.error },
      }
    case 'stage.done': {
      const { error: _error, requeued: _requeued, ...rest } = next
      return {
        run: { ...run, stagesCompleted: run.stagesCompleted + 1 },
        stage: {
          ...rest,
          state: 'completed',
          endedAt: record.time,
          durationMs: record.durationMs,
          ...(record.counts === undefined ? {} : { counts: record.counts }),
          ...(record.output === undefined ? {} : { output: record.output }),
          ...(record.checkpoint === undefined ? {} : { checkpointId: record.checkpoint.id, digest: record.checkpoint.digest }),
        },
        ...(record.checkpoint === undefined ? {} : { checkpoint: checkpointView(record.checkpoint, position) }),
      }
    }
  }
}

/** The stage as the run of origin shows it, but of this one. */
function inherited(run: RunView, known: StageView | undefined, { run: origin, ...stage }: StageView): ViewChange {
  const completed = Number(stage.state === 'completed') - Number(known?.state === 'completed')
  return {
    run: {
      ...run,
      lastStage: stage.path,
      stagesStarted: run.stagesStarted + (known === undefined ? 1 : 0),
      stagesCompleted: run.stagesCompleted + completed,
    },
    stage: { inheritedFrom: origin, ...stage, run: run.id },
  }
}

/** What is recorded of a stage that is started again and goes on: the same as {@link RecordedStage.startAgain} keeps. */
function keptAcrossStarts(
  { output, metadata, currentStep, requeued, checkpointId, digest, input }: StageView,
  next: InputRecord | undefined,
): Partial<StageView> {
  return {
    ...(output === undefined ? {} : { output }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(currentStep === undefined ? {} : { currentStep }),
    ...(checkpointId === undefined ? {} : { checkpointId }),
    ...(digest === undefined ? {} : { digest }),
    // What is new in another input is called beside the items that were requeued.
    ...(requeued === undefined || input?.digest !== next?.digest ? {} : { requeued }),
  }
}
