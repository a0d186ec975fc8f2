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
  const children = new Map<string, RunView[]>()
  for (const run of await descendantsOf(core, oldest.id)) {
    const origin = run.forkedFrom?.run ?? ''
    const siblings = children.get(origin)
    if (siblings === undefined) children.set(origin, [run])
    else siblings.push(run)
  }
  return treeOf(oldest, children)
}

/** @param children by the run they were forked from */
function treeOf({ id, state, forkedFrom }: RunView, children: ReadonlyMap<string, readonly RunView[]>): Lineage {
  const forks = (children.get(id) ?? []).toSorted((a, b) => a.createdAt - b.createdAt)
  return {
    run: id,
    state,
    ...(forkedFrom === undefined ? {} : { forkedFrom }),
    forks: forks.map(fork => treeOf(fork, children)),
  }
}
