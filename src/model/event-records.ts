import type { EventStatus } from './pipeline-event.ts'
import type { ScopePath } from './scope.ts'

/** How many events of a record are alike in type, status and stage ('' for the run itself). */
export type EventFacet = readonly [type: string, status: EventStatus, stage: ScopePath, events: number]

/** Events that the work recorded of itself. What stands before `lines` is enough to find the record by. */
export interface EventsRecorded {
  readonly type: 'events.recorded'
  readonly time: number
  readonly attempt: number
  /** Earliest and latest time of its events. */
  readonly first: number
  readonly last: number
  readonly facets: readonly EventFacet[]
  /** UTF-8, a line for each event: a JSON list of its time, the place of its facet, its item or null, and its metadata. */
  readonly lines: Uint8Array
}
