import type { RecordedRun } from '../model/recorded-run.ts'
import { allCheckpoints } from './all-pages.ts'
import type { StoreCore } from './store-core.ts'

const reason = 'its recorded result was deleted'

/**
 * Notes which stages of a run must be called again because what they recorded is deleted: what a run kept may be cleaned up once it is finished, and then items of it requeued. Of a run that
 * never finished nothing is cleaned up, so nothing is looked for.
 */
export async function noteDeletedStages(core: StoreCore, run: string, recorded: RecordedRun): Promise<void> {
  if (!recorded.wasFinished) return
  const needed = [...recorded.stages.values()].map(stage => ({
    stage,
    ids: [stage.checkpoint, ...stage.results.map(({ checkpoint }) => checkpoint)].flatMap(checkpoint =>
      // Those of a run that this one was forked from stay readable, deleted or not.
      checkpoint !== undefined && checkpoint.run === run ? [checkpoint.id] : [],
    ),
  }))
  if (needed.every(({ ids }) => ids.length === 0)) return
  const there = new Set<string>()
  for await (const { id } of allCheckpoints(core, { run })) there.add(id)
  for (const { stage, ids } of needed) if (ids.some(id => !there.has(id))) stage.outdated ??= reason
}
