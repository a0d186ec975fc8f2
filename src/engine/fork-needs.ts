import type { CheckpointRecord } from '../model/checkpoint.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { CheckpointView, RunView } from '../model/run-view.ts'
import { allRuns } from './all-pages.ts'
import { ForkHistories } from './fork-histories.ts'
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
  const parents = [run]
  for (const parent of parents) {
    for await (const child of allRuns(core, { forkedFrom: parent })) {
      found.push(child)
      parents.push(child.id)
    }
  }
  return found
}

/** What is looked at of a run that was forked. */
export type Fork = Pick<RunView, 'id' | 'state' | 'forkedFrom'>

/** Checkpoints of this run that runs forked from it need, as {@link heldByForks} has them; also those of these runs. */
export async function heldOf(core: StoreCore, run: string): Promise<ReadonlyMap<string, string>> {
  return heldByForks(core, await descendantsOf(core, run))
}

/**
 * Checkpoints that these forks need and did not save themselves, each with the nearest that needs it: they are not deleted while that is there. A cancelled run needs nothing: it does not come back. Each
 * family is walked once, its oldest run first, and each run read once.
 *
 * @param forks Of each family those whose needs count, with all that lie between them.
 */
export async function heldByForks(core: StoreCore, forks: Iterable<Fork>): Promise<ReadonlyMap<string, string>> {
  const children = new Map<string, Fork[]>()
  const ids = new Set<string>()
  for (const fork of forks) {
    if (fork.forkedFrom === undefined) continue
    ids.add(fork.id)
    const siblings = children.get(fork.forkedFrom.run)
    if (siblings === undefined) children.set(fork.forkedFrom.run, [fork])
    else siblings.push(fork)
  }
  const held = new Map<string, string>()
  for (const oldest of children.keys()) {
    if (ids.has(oldest)) continue
    const histories = new ForkHistories(core)
    const family = [...(children.get(oldest) ?? [])]
    for (const fork of family) {
      const next = children.get(fork.id) ?? []
      for (const child of next) family.push(child)
      if (fork.state === 'cancelled') continue
      for (const id of needsOf(fork, await histories.recordedOf(fork.id))) if (!held.has(id)) held.set(id, fork.id)
      if (next.length === 0) histories.forget(fork.id)
    }
  }
  return held
}

function needsOf({ id, forkedFrom }: Fork, recorded: RecordedRun): readonly string[] {
  const needed = checkpointsNeeded(recorded).flatMap(({ id: checkpoint, run }) =>
    run === undefined || run === id ? [] : [checkpoint],
  )
  return forkedFrom?.checkpoint === undefined ? needed : [...needed, forkedFrom.checkpoint]
}
