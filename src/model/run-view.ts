import type { CheckpointRecord, PackContent } from './checkpoint.ts'
import { type ChangeState, type CheckpointPin, type SettableStatus, stampChanges } from './checkpoint-changes.ts'
import { rangesLength } from './completed-set.ts'
import type { ForkOrigin } from './fork-origin.ts'
import type { Owner } from './owner.ts'
import type { EndCause, InputRecord, ItemCounts, OutputPosition, RunRecord, StoredError } from './records.ts'
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

/** What {@link applyRecord} needs to know of the state before. */
export interface ViewBefore {
  readonly run: RunView | undefined
  /** The stage the record names, if it is known. */
  readonly stage: StageView | undefined
  /** What lies inside it; needed only where {@link throwsAway} says so. */
  readonly inside?: readonly StageView[]
}

/** Whether a record throws away what was done inside the stage that it names; a reset that names none, all stages of the run. */
export const throwsAway = (record: RunRecord): boolean =>
  (record.type === 'stage.started' && record.redo !== undefined) || record.type === 'stage.reset'

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

/** Of a run that was finished: it is not any more. */
const reopened = (run: RunView): RunView => (run.state === 'completed' ? { ...run, state: 'paused', reopened: true } : run)

const completedOf = (stages: readonly StageView[]): number => stages.filter(({ state }) => state === 'completed').length

type StageRecord = Extract<RunRecord, { path: ScopePath }>

function applyStageRecord(
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
    createdAt: record.time,
    updatedAt: record.time,
    attempt: 0,
    stagesStarted: 0,
    stagesCompleted: 0,
  }
}

/** All but the bytes, and where they are. */
export function checkpointView(record: CheckpointRecord, position: RecordPosition): CheckpointView {
  const { content, ...facts } = soundLabels(record)
  return { ...facts, content: content.kind === 'pack' ? content : { kind: content.kind }, record: position }
}

/** Labels as their types say. A program could once save others, and one such record must not make a store unreadable. */
function soundLabels(record: CheckpointRecord): CheckpointRecord {
  const { run, stage, description, type, tags, metadata, expiresAt, ...rest } = record
  return {
    ...rest,
    type: String(type),
    tags: Array.isArray(tags) ? tags.map(String) : [String(tags)],
    metadata: typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? metadata : { metadata },
    ...(run === undefined ? {} : { run: String(run) }),
    ...(stage === undefined ? {} : { stage: String(stage) }),
    ...(description === undefined ? {} : { description: String(description) }),
    ...(typeof expiresAt === 'number' && Number.isFinite(expiresAt) ? { expiresAt } : {}),
  }
}
