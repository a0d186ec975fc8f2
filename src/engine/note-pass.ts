import type { OutputPosition } from '../model/output-position.ts'
import type { EachProgress } from './each-progress.ts'
import type { ItemPass } from './item-pass.ts'
import { rowsAdded } from './recovery-rows.ts'

/** Counts what a pass did, for the comparison with the plan. */
export async function notePass(
  { attempt, path, options, input, redo }: ItemPass,
  progress: EachProgress,
  { before, positionBefore, position }: Record<'positionBefore' | 'position', OutputPosition | undefined> & { before: number },
): Promise<void> {
  const { core, baseDirectory, recorded: run } = attempt.facts
  const stage = run.stages.get(path)
  const completed = stage?.state === 'completed'
  const isCounted = completed && position !== undefined && positionBefore !== undefined
  const added = isCounted
    ? await rowsAdded({ files: core.files, baseDirectory }, options.output, positionBefore, position)
    : undefined
  attempt.check.note({
    kind: 'pass',
    path,
    before,
    recordedNow: progress.recordedNow,
    after: stage?.finished ?? 0,
    counts: stage?.counts,
    completed,
    redo,
    rows: added === undefined ? undefined : { given: progress.resultsGiven, added },
  })
  if (completed && (await input.wasTouched?.()) === true)
    attempt.emit({
      type: 'notice',
      message: `${input.record.from} was changed while ${path} read it: its items may be of both versions`,
    })
}
