import type { ForkOrigin } from '../model/fork-origin.ts'
import type { RunState, RunView } from '../model/run-view.ts'
import { descendantsOf } from './fork-needs.ts'
import type { StoreCore } from './store-core.ts'

/** A run and the runs forked from it. */
export interface Lineage {
  readonly run: string
  readonly state: RunState
  /** Absent for the oldest. */
  readonly forkedFrom?: ForkOrigin
  readonly forks: readonly Lineage[]
}

/** The whole family of a run, the oldest of its ancestors at the top. A run without any is alone in it. */
export async function lineageOf(core: StoreCore, run: RunView): Promise<Lineage> {
  let oldest = run
  for (let origin = run.forkedFrom; origin !== undefined; origin = oldest.forkedFrom) {
    const id: string = origin.run
    const parent = await core.feed.query(catalog => catalog.run(id))
    if (parent === undefined) break
    oldest = parent
  }
  return treeOf(oldest, await descendantsOf(core, oldest.id))
}

function treeOf({ id, state, forkedFrom }: RunView, all: readonly RunView[]): Lineage {
  const forks = all.filter(one => one.forkedFrom?.run === id).sort((a, b) => a.createdAt - b.createdAt)
  return {
    run: id,
    state,
    ...(forkedFrom === undefined ? {} : { forkedFrom }),
    forks: forks.map(fork => treeOf(fork, all)),
  }
}
