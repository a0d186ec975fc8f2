import type { ScopePath } from './scope.ts'

/** How what an event tells of went: `success` and `error` are outcomes, `warning` went on in spite of something, `info` only says so. */
export type EventStatus = 'success' | 'error' | 'warning' | 'info'

export const eventStatuses: readonly EventStatus[] = ['success', 'error', 'warning', 'info']

/** What JSON can say, and nothing else. */
export type EventMetadata = Readonly<Record<string, unknown>>

/** What happened, as `store.events` gives it. */
export interface PipelineEvent {
  readonly type: string
  /** Wall milliseconds since 1970 (UTC). */
  readonly time: number
  readonly status: EventStatus
  /** Absent where a checkpoint was saved outside of runs. */
  readonly run?: string
  /** Of a run of this store. */
  readonly pipeline?: string
  /** From 1. */
  readonly attempt?: number
  /** Path of the stage, `enrich` or `enrich[o-17]/fetch`; absent for the run itself. */
  readonly stage?: ScopePath
  /** The item's key, or its index as text. */
  readonly item?: string
  readonly metadata: EventMetadata
}

/** What a record says of an event; the rest is known from where it stands. */
export interface RecordedEvent {
  readonly type: string
  readonly time: number
  readonly status: EventStatus
  /** '' for the run itself. */
  readonly stage: ScopePath
  readonly item?: string
  readonly metadata: EventMetadata
}

/** By options of a query: what is not given fits everything. */
export interface EventFilter {
  /** The run's id or address (`PIPELINE@last`, `@last`, a unique prefix). */
  readonly run?: string
  readonly pipeline?: string
  /** One of these. */
  readonly type?: string | readonly string[]
  /** A stage with everything inside it: `enrich` fits `enrich[o-17]/fetch` and the events of its items, too. */
  readonly stage?: string
  /** One of these. */
  readonly status?: EventStatus | readonly EventStatus[]
  /** Stands in the type, the stage, the item, or the metadata as JSON. Upper and lower case count. */
  readonly text?: string
  /** Not earlier than this, in wall milliseconds. */
  readonly since?: number
  /** Earlier than this. */
  readonly until?: number
}
