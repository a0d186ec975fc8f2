import { eventHolds } from './event-texts.ts'
import type { EventFilter, EventStatus, RecordedEvent } from './pipeline-event.ts'
import { isInside, itemPath } from './scope.ts'

/** What is asked of single events, once their block is one of the right run. */
export type EventTest = (event: RecordedEvent) => boolean

export const typesOf = ({ type }: Pick<EventFilter, 'type'>): readonly string[] | undefined =>
  type === undefined || typeof type !== 'string' ? type : [type]

export const statusesOf = ({ status }: Pick<EventFilter, 'status'>): readonly EventStatus[] | undefined =>
  status === undefined || typeof status !== 'string' ? status : [status]

/** Everything a filter asks but the run and the pipeline. */
export function eventTest(filter: EventFilter): EventTest {
  const types = typesOf(filter)
  const statuses = statusesOf(filter)
  const { stage, text, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter
  return event =>
    event.time >= since &&
    event.time < until &&
    types?.includes(event.type) !== false &&
    statuses?.includes(event.status) !== false &&
    (stage === undefined || isOfStage(event, stage)) &&
    (text === undefined || eventHolds(event, text))
}

/** Whether it is of the stage, an item of it, or something inside. */
export function isOfStage({ stage, item }: Pick<RecordedEvent, 'stage' | 'item'>, wanted: string): boolean {
  if (stage === wanted || isInside(stage, wanted)) return true
  return item !== undefined && wanted.startsWith(stage) && itemPath(stage, item) === wanted
}
