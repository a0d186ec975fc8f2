import type { RecordedRun } from '../model/recorded-run.ts'

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
