import type { RecordedStage } from '../model/recorded-stage.ts'
import type { Attempt } from './attempt.ts'

/** Less work than this says little about speed. */
const leastMs = 1_000

/**
 * How fast a stage went before this attempt, in items per millisecond: in earlier attempts at this run, else in the last finished run of the pipeline. Undefined where nothing is known.
 */
export async function earlierSpeed(attempt: Attempt, path: string, before: EarlierWork): Promise<number | undefined> {
  if (before.workedMs >= leastMs && before.finished > 0) return before.finished / before.workedMs
  const { core, pipeline } = attempt.facts
  const [last] = await core.feed.query(catalog => catalog.runs({ pipeline, states: ['completed'], limit: 1 }))
  if (last === undefined) return undefined
  const [stage] = await core.feed.query(catalog => catalog.stages(last.id, [path]))
  // Of several attempts only the last one's time is known.
  if (stage?.attempt !== 1 || stage.counts === undefined || stage.durationMs === undefined) return undefined
  const { done, skipped, setAside } = stage.counts
  return stage.durationMs < leastMs ? undefined : (done + skipped + setAside) / stage.durationMs
}

/** What earlier attempts at this run did of a stage. */
export type EarlierWork = Pick<RecordedStage, 'workedMs' | 'finished'>
