import type { FoundRecord } from '../log/log.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { RunView } from '../model/run-view.ts'
import { forkHistory, ownHistory, shortOrigins } from './fork-history.ts'
import type { StoreCore } from './store-core.ts'

/** What the plan of a fork says before it begins: which parameters are others than what is reused was made with, and which stages cannot go on in the middle. */
export function forkNotices({ created, stages }: RecordedRun): readonly string[] {
  const { forkedFrom } = created ?? {}
  if (forkedFrom === undefined) return []
  const { run, changedParams = [] } = forkedFrom
  const params =
    changedParams.length === 0
      ? []
      : [`changed since ${run}: ${changedParams.join(', ')}; what is reused was made with what ${run} was given`]
  const stopped = [...stages.values()].filter(
    stage => stage.inheritedFrom !== undefined && stage.output !== undefined && stage.state !== 'completed',
  )
  return [
    ...params,
    ...stopped.map(
      ({ path, output, inheritedFrom }) =>
        `${path} has written to ${output?.path} in run ${inheritedFrom}: it does not go on there; --redo ${path} begins it anew`,
    ),
  ]
}

/** Of all the records that count in a run: which runs of origin were repaired since, so that less counts than where they were forked. */
export async function originNotices(core: StoreCore, records: readonly FoundRecord[]): Promise<readonly string[]> {
  return (await shortOrigins(core, records)).map(
    run =>
      `run ${run}, from which this one was forked, was repaired and has lost records that counted here: what they held is done again`,
  )
}

/** The same of a run that nobody has read yet. */
export async function originNoticesOf(core: StoreCore, run: RunView | undefined): Promise<readonly string[]> {
  if (run?.forkedFrom === undefined) return []
  return originNotices(core, await forkHistory(core, await ownHistory(core, run.id)))
}
