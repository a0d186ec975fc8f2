import { resolve } from 'node:path'
import { WaymarkError } from '../model/errors.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import type { ScopePath } from '../model/scope.ts'
import type { ItemTarget } from '../outputs/item-target.ts'
import type { Attempt } from './attempt.ts'
import { leaseHeld, runLiveness } from './ownership.ts'

/**
 * Called before a pass touches its output. What a run wrote is its own: a run forked from it must not add to it or cut it, or both would write it, and neither would know. It may replace it where that was
 * asked for by name, and nobody works on the other run.
 *
 * @param recorded What counts of the pass; undefined where it is begun from nothing.
 * @throws WaymarkError `conflict`, `lease_held`
 */
export async function forkOutput(
  attempt: Attempt,
  path: ScopePath,
  target: ItemTarget<unknown>,
  recorded: RecordedStage | undefined,
): Promise<void> {
  const { recorded: run, selection } = attempt.facts
  if (run.ancestors.length === 0) return
  if (recorded !== undefined && recorded.inheritedFrom === undefined) return
  if (recorded?.inheritedFrom !== undefined && recorded.output !== undefined)
    throw inTheMiddle(path, recorded.inheritedFrom, recorded.output.path)
  // Begun by this run before, and thrown away: it was asked then.
  const known = run.stages.get(path)
  if (known !== undefined && known.inheritedFrom === undefined) return
  const origin = await writerOf(attempt, target)
  if (origin === undefined) return
  if (selection.redoFor(path) === undefined) throw sameOutput(path, origin, target.shown)
  await mustBeAtRest(attempt, origin)
}

/** The nearest of the runs before this one that wrote there. */
async function writerOf(attempt: Attempt, target: ItemTarget<unknown>): Promise<string | undefined> {
  const { core, baseDirectory, recorded } = attempt.facts
  const place = target.place(baseDirectory)
  for (const ancestor of recorded.ancestors.toReversed()) {
    const stages = await core.feed.query(catalog => catalog.stages(ancestor))
    const wrote = stages.some(
      ({ output, inheritedFrom }) =>
        output !== undefined &&
        inheritedFrom === undefined &&
        (output.path === target.shown || resolve(baseDirectory, output.path) === place),
    )
    if (wrote) return ancestor
  }
  return undefined
}

async function mustBeAtRest({ facts: { core } }: Attempt, origin: string): Promise<void> {
  const run = await core.feed.query(catalog => catalog.run(origin))
  if (run !== undefined && (await runLiveness(core, run)) === 'alive') throw leaseHeld(core, run)
}

const inTheMiddle = (path: ScopePath, origin: string, output: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `${path} cannot go on in the middle: what is recorded of it was written to ${output} by run ${origin}`,
    means: 'Nothing was called or written. To go on there, this run would have to write into the output of the other one.',
    remedy: `Begin the stage anew with --redo ${path}: that replaces ${output}, unless the pipeline writes elsewhere by now. Or fork before it.`,
    details: { stage: path, output, forkedFrom: origin },
  })

const sameOutput = (path: ScopePath, origin: string, output: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `${path} would write to ${output}, which run ${origin} wrote, from which this one was forked`,
    means: 'Nothing of this stage was called or written; what the other run wrote is untouched.',
    remedy: `Write elsewhere (a path made from run.id, or from a parameter), or replace it with --redo ${path}`,
    details: { stage: path, output, forkedFrom: origin },
  })
