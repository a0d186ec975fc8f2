import type { CheckpointRecord } from '../model/checkpoint.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { CheckpointView, RunView } from '../model/run-view.ts'
import { recordedRunOf } from './begin-attempt.ts'
import { forkHistory, ownHistory } from './fork-history.ts'
import type { StoreCore } from './store-core.ts'

type Needed = CheckpointRecord | CheckpointView

/** The checkpoints that what is recorded of a run stands on, whichever run saved them. */
export function checkpointsNeeded(recorded: RecordedRun): readonly Needed[] {
  return [...recorded.stages.values()].flatMap(stage => {
    if (stage.outdated !== undefined) return []
    const results = stage.results.flatMap(({ checkpoint }) => (checkpoint === undefined ? [] : [checkpoint]))
    return stage.checkpoint === undefined ? results : [stage.checkpoint, ...results]
  })
}

/** Runs forked from this one, and from these, and so on; the nearest first. */
export async function descendantsOf(core: StoreCore, run: string): Promise<readonly RunView[]> {
  const found: RunView[] = []
  for (const parents = [run]; ; ) {
    const parent = parents.shift()
    if (parent === undefined) return found
    const children = await core.feed.query(catalog => catalog.runs({ forkedFrom: parent, limit: 10_000 }))
    found.push(...children)
    parents.push(...children.map(({ id }) => id))
  }
}

/**
 * Checkpoints of this run that runs forked from it need, each with the fork that needs it: they are not deleted while that is there. A cancelled run needs nothing: it does not come back.
 */
export async function heldByForks(core: StoreCore, run: string): Promise<ReadonlyMap<string, string>> {
  const held = new Map<string, string>()
  for (const { id, state, forkedFrom } of await descendantsOf(core, run)) {
    if (state === 'cancelled') continue
    const recorded = recordedRunOf(await forkHistory(core, await ownHistory(core, id)))
    for (const needed of checkpointsNeeded(recorded)) if (needed.run === run && !held.has(needed.id)) held.set(needed.id, id)
    const { checkpoint } = forkedFrom ?? {}
    if (checkpoint !== undefined && !held.has(checkpoint)) held.set(checkpoint, id)
  }
  return held
}
