import type { CheckpointRecord } from './checkpoint.ts'
import type { EventsRecorded } from './event-records.ts'
import type { SystemEventType } from './event-types.ts'
import { itemsIn } from './items-in.ts'
import { type FacetTest, type UnpackedEvent, unpackEvents } from './packed-events.ts'
import type { EventMetadata, EventStatus, RecordedEvent } from './pipeline-event.ts'
import type { AttemptEnded, AttemptStarted, RunRecord, SetAsideItem, StoredError } from './records.ts'
import type { ScopePath } from './scope.ts'

/**
 * The events a record stands for; of those that the work recorded only the wanted ones. Nothing is written for those of the system: what a run did is recorded anyway, so that an event about a checkpoint is there exactly if the checkpoint is.
 */
export function eventsIn(record: RunRecord, isWanted?: FacetTest): readonly UnpackedEvent[] {
  if (record.type === 'events.recorded') return unpackEvents(record, isWanted)
  return derivedEvents(record).map((one, index) => ({ index, event: one }))
}

function derivedEvents(record: Exclude<RunRecord, EventsRecorded>): readonly RecordedEvent[] {
  const { time } = record
  switch (record.type) {
    case 'run.created':
      if (record.forkedFrom === undefined) return []
      return [event('pipeline_fork', time, 'info', '', { from: record.forkedFrom.run })]
    case 'attempt.started':
      return attemptStarted(record)
    case 'attempt.ended':
      return [...saved(record.result, time, ''), attemptEnded(record)]
    case 'stage.started': {
      const { path, kind, redo, version } = record
      const metadata = { kind, ...(version === undefined ? {} : { version }), ...(redo === undefined ? {} : { redo }) }
      return [event('stage_start', time, 'info', path, metadata)]
    }
    case 'stage.done': {
      const { path, durationMs, counts, checkpoint } = record
      const metadata = { durationMs, ...counts, ...(checkpoint === undefined ? {} : { checkpoint: checkpoint.id }) }
      const status = (counts?.setAside ?? 0) > 0 ? 'warning' : 'success'
      return [...saved(checkpoint, time, path), event('stage_complete', time, status, path, metadata)]
    }
    case 'stage.failed': {
      const { path, durationMs, error } = record
      const failed = event('stage_error', time, 'error', path, { durationMs, ...errorFacts(error) })
      return [error.item === undefined ? failed : { ...failed, item: error.item }]
    }
    case 'stage.progress':
      return [...(record.setAside ?? []).map(item => setAside(item, record.path)), ...saved(record.resultsIn, time, record.path)]
    case 'stage.reset':
      return [event('stage_reset', time, 'info', record.path, {})]
    case 'items.requeued':
      return [event('items_requeued', time, 'info', record.path, { items: itemsIn(record) })]
    case 'checkpoint.saved':
      return saved(record.checkpoint, time, record.checkpoint.stage ?? '')
    case 'checkpoint.changed':
      return [event('checkpoint_changed', time, 'info', '', { checkpoint: record.id, changed: Object.keys(record.changes) })]
    case 'checkpoint.deleted':
      return [event('checkpoint_deleted', time, 'info', '', { checkpoint: record.id })]
    case 'checkpoint.noted':
    case 'output.started':
    case 'stage.inherited':
    case 'stage.noted':
    case 'value.drawn':
      return []
  }
}

const event = (
  type: SystemEventType,
  time: number,
  status: EventStatus,
  stage: ScopePath,
  metadata: EventMetadata,
): RecordedEvent => ({ type, time, status, stage, metadata })

function attemptStarted({ time, attempt, plan, earlierOwnersDead, node }: AttemptStarted): readonly RecordedEvent[] {
  const { recovery, reason } = plan
  const metadata = { attempt, reason, ...(recovery === undefined ? {} : { recovery: recovery.type }), node }
  const started = event(attempt === 1 ? 'pipeline_start' : 'pipeline_resume', time, 'info', '', metadata)
  if (earlierOwnersDead) return [started]
  // Somebody else may still be at it, as far as can be told.
  return [event('pipeline_takeover', time, 'warning', '', { attempt }), started]
}

const ends = {
  completed: ['pipeline_complete', 'success'],
  failed: ['pipeline_error', 'error'],
  paused: ['pipeline_pause', 'info'],
  cancelled: ['pipeline_cancel', 'warning'],
} as const

function attemptEnded({ time, state, attempt, cause, error, request, errorCheckpoint }: AttemptEnded): RecordedEvent {
  const [type, status] = ends[state]
  return event(type, time, status, '', {
    attempt,
    ...(cause === undefined ? {} : { cause: { ...cause } }),
    ...(error === undefined ? {} : errorFacts(error)),
    ...(request === undefined ? {} : { request: request.kind }),
    ...(errorCheckpoint === undefined ? {} : { checkpoint: errorCheckpoint }),
  })
}

/** A checkpoint that a record commits, if it commits one. */
function saved(checkpoint: CheckpointRecord | undefined, time: number, stage: ScopePath): readonly RecordedEvent[] {
  if (checkpoint === undefined) return []
  const { id, type, logicalBytes, storedBytes } = checkpoint
  return [event('checkpoint_saved', time, 'success', stage, { checkpoint: id, kind: type, logicalBytes, storedBytes })]
}

const setAside = ({ time, index, key, error, calls, fingerprint }: SetAsideItem, stage: ScopePath): RecordedEvent => ({
  ...event('item_set_aside', time, 'warning', stage, { ...errorFacts(error), calls, group: fingerprint }),
  item: key ?? String(index),
})

const errorFacts = ({ name, message }: StoredError): EventMetadata => ({ error: name, message })
