import { eventsIn } from '../model/derived-events.ts'
import type { EventStatus, RecordedEvent } from '../model/pipeline-event.ts'
import type { AttemptEnded, RunRecord, StoredError } from '../model/records.ts'
import { stageNameOf } from '../model/scope.ts'
import { crashMessage } from './crash-message.ts'

/** Whose records they are. */
export interface LoggedRun {
  readonly run?: string
  readonly pipeline?: string
  readonly attempt?: number
}

export type LineLevel = 'info' | 'warn' | 'error'

/** A line on its way into log files: the same whoever forms it. */
export interface LogLine {
  readonly level: LineLevel
  readonly text: string
  /** As FEATURES and `store.events` name them, the time with its zone. */
  readonly fields: Readonly<Record<string, unknown>>
  /** With stack and causes, where it tells of one. */
  readonly error?: StoredError
  /** Name of the stage at the top. */
  readonly stage?: string
}

const levels: Readonly<Record<EventStatus, LineLevel>> = { success: 'info', info: 'info', warning: 'warn', error: 'error' }

/** What a record says in log files, in order: an event a line. */
export function logLines(record: RunRecord, by: LoggedRun): readonly LogLine[] {
  const errors = errorsIn(record)
  return eventsIn(record).map(({ event }) => {
    const { type, time, status, stage, item, metadata } = event
    const error = errors.get(keyOf(event))
    return {
      level: levels[status],
      text: textOf(event, error),
      fields: {
        timestamp: new Date(time).toISOString(),
        event_type: type,
        status,
        ...by,
        ...(stage === '' ? {} : { stage }),
        ...(item === undefined ? {} : { item }),
        metadata,
      },
      ...(error === undefined ? {} : { error }),
      ...(stage === '' ? {} : { stage: stageNameOf(stage) }),
    }
  })
}

/** `stage_error enrich: Error: the server is gone`. */
function textOf({ type, stage, item }: RecordedEvent, error: StoredError | undefined): string {
  const where = stage === '' ? '' : ` ${stage}${item === undefined ? '' : ` item ${item}`}`
  return `${type}${where}${error === undefined ? '' : `: ${error.name}: ${error.message}`}`
}

/** The errors of a record, by the event that tells of them. */
function errorsIn(record: RunRecord): ReadonlyMap<string, StoredError> {
  switch (record.type) {
    case 'stage.failed': {
      const { path: stage, error } = record
      return new Map([[keyOf({ type: 'stage_error', stage, item: error.item }), error]])
    }
    case 'attempt.ended': {
      const error = record.error ?? crashIn(record)
      return error === undefined ? new Map() : new Map([[keyOf({ type: 'pipeline_error', stage: '', item: undefined }), error]])
    }
    case 'stage.progress':
      return new Map(
        (record.setAside ?? []).map(({ key, index, error }) => [
          keyOf({ type: 'item_set_aside', stage: record.path, item: key ?? String(index) }),
          error,
        ]),
      )
    default:
      return new Map()
  }
}

/** Of a process that ended without an error of its own. */
const crashIn = ({ cause }: AttemptEnded): StoredError | undefined =>
  cause === undefined ? undefined : { name: 'Crash', message: crashMessage(cause) }

const keyOf = ({ type, stage, item }: Pick<RecordedEvent, 'type' | 'stage'> & { readonly item?: string | undefined }): string =>
  JSON.stringify([type, stage, item ?? null])
