import type { CheckpointRecord } from './checkpoint.ts'
import type { ErrorJson } from './errors.ts'
import type { EndCause, RunRecord, StoredError } from './records.ts'
import type { ScopePath } from './scope.ts'

/** How much it matters to somebody who is told: `critical` wants to be looked at now, `warning` soon. */
export type Priority = 'info' | 'warning' | 'critical'

/** What a store tells its listeners, by name. Of what is recorded, it is told once it is. */
export interface StoreEvents {
  /** Also of the results of stages. */
  readonly 'checkpoint:created': { readonly checkpoint: Omit<CheckpointRecord, 'content'> }
  /** Also where a stage’s recorded result is taken. */
  readonly 'checkpoint:loaded': { readonly id: string; readonly run?: string; readonly stage?: ScopePath }
  readonly 'checkpoint:deleted': { readonly id: string }
  /** Somebody wanted it and its bytes are damaged. */
  readonly 'checkpoint:corrupt': {
    readonly id: string
    readonly run?: string
    readonly stage?: ScopePath
    readonly error: ErrorJson
  }
  readonly 'run:started': { readonly run: string; readonly pipeline: string; readonly attempt: number }
  readonly 'run:completed': { readonly run: string; readonly attempt: number }
  readonly 'run:failed': {
    readonly run: string
    readonly attempt: number
    readonly error?: StoredError
    readonly cause?: EndCause
  }
  readonly 'run:paused': { readonly run: string; readonly attempt: number }
  readonly 'run:cancelled': { readonly run: string; readonly attempt: number }
  readonly 'stage:completed': { readonly run: string; readonly stage: ScopePath; readonly durationMs: number }
  readonly 'stage:failed': { readonly run: string; readonly stage: ScopePath; readonly error: StoredError }
}

export type StoreEventName = keyof StoreEvents

/** What a listener is given. */
export type StoreEvent<Name extends StoreEventName = StoreEventName> = {
  readonly [One in Name]: StoreEvents[One] & {
    readonly name: One
    readonly priority: Priority
    /** Wall milliseconds since 1970. */
    readonly time: number
  }
}[Name]

export const storeEventPriorities: Readonly<Record<StoreEventName, Priority>> = {
  'checkpoint:created': 'info',
  'checkpoint:loaded': 'info',
  'checkpoint:deleted': 'info',
  'checkpoint:corrupt': 'critical',
  'run:started': 'info',
  'run:completed': 'info',
  'run:failed': 'critical',
  'run:paused': 'warning',
  'run:cancelled': 'warning',
  'stage:completed': 'info',
  'stage:failed': 'warning',
}

export function storeEvent<Name extends StoreEventName>(name: Name, time: number, facts: StoreEvents[Name]): StoreEvent {
  // The compiler does not put a name and its facts together again.
  return { ...facts, name, priority: storeEventPriorities[name], time } as StoreEvent
}

/** What a record says to listeners of the store, in order. */
export function eventsOfRecord(run: string, record: RunRecord): readonly StoreEvent[] {
  const { time } = record
  switch (record.type) {
    case 'attempt.started': {
      const { attempt, plan } = record
      return [storeEvent('run:started', time, { run, pipeline: plan.pipeline, attempt })]
    }
    case 'attempt.ended': {
      const { attempt, state, error, cause, result } = record
      const ended = { run, attempt }
      const failed = { ...ended, ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) }
      return [
        ...created(time, result),
        state === 'failed' ? storeEvent('run:failed', time, failed) : storeEvent(`run:${state}`, time, ended),
      ]
    }
    case 'stage.done': {
      const { path: stage, durationMs, checkpoint } = record
      return [...created(time, checkpoint), storeEvent('stage:completed', time, { run, stage, durationMs })]
    }
    case 'stage.failed':
      return [storeEvent('stage:failed', time, { run, stage: record.path, error: record.error })]
    case 'checkpoint.saved':
      return created(time, record.checkpoint)
    case 'checkpoint.deleted':
      return [storeEvent('checkpoint:deleted', time, { id: record.id })]
    default:
      return []
  }
}

function created(time: number, saved: CheckpointRecord | undefined): readonly StoreEvent[] {
  if (saved === undefined) return []
  const { content: _content, ...checkpoint } = saved
  return [storeEvent('checkpoint:created', time, { checkpoint })]
}
