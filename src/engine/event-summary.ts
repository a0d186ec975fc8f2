import { systemEventTypes } from '../model/event-types.ts'
import type { EventStatus } from '../model/pipeline-event.ts'
import type { StageView } from '../model/run-view.ts'
import type { EventFeed } from './event-feed.ts'
import type { RunSummary } from './run-summary.ts'
import type { StoreCore } from './store-core.ts'

/** What the events of a run add up to. */
export interface EventSummary {
  readonly run: string
  readonly pipeline: string
  readonly state: RunSummary['shownState']
  readonly events: number
  readonly byType: Readonly<Record<string, number>>
  readonly byStatus: Readonly<Record<EventStatus, number>>
  readonly stagesCompleted: number
  /** Events with status `error`. */
  readonly errors: number
  readonly warnings: number
  /** From the beginning of the run to its end, or to now if it goes on; with the pauses between its attempts. */
  readonly durationMs: number
  readonly stages: readonly { readonly path: string; readonly state: StageView['state']; readonly durationMs?: number }[]
}

/** From the index alone: no event is read. */
export async function summarizeEvents(core: StoreCore, feed: EventFeed, run: RunSummary): Promise<EventSummary> {
  const counts = await feed.ask(async index => index.counts(run.id))
  const stages = await core.feed.query(catalog => catalog.stages(run.id))
  const byType = new Map<string, number>()
  const byStatus = { success: 0, error: 0, warning: 0, info: 0 }
  let events = 0
  for (const { type, status, events: more } of counts) {
    byType.set(type, (byType.get(type) ?? 0) + more)
    byStatus[status] += more
    events += more
  }
  return {
    run: run.id,
    pipeline: run.pipeline,
    state: run.shownState,
    events,
    byType: Object.fromEntries(byType),
    byStatus,
    stagesCompleted: run.stagesCompleted,
    errors: byStatus.error,
    warnings: byStatus.warning,
    durationMs: (run.endedAt ?? core.clock.now()) - run.createdAt,
    stages: stages.map(({ path, state, durationMs }) => ({ path, state, ...(durationMs === undefined ? {} : { durationMs }) })),
  }
}

export const knownEventTypes = (feed: EventFeed): Promise<readonly string[]> =>
  feed.ask(async index => [...new Set([...index.types(), ...systemEventTypes])].sort())
