import { WaymarkError } from '../model/errors.ts'
import type { RunView } from '../model/run-view.ts'
import { allRuns } from './all-pages.ts'
import { type ComparedSide, stageSide } from './diff-sides.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import type { StoreCore } from './store-core.ts'

const address = 'last good'

/**
 * What to compare something with when only that is named: the newest finished run of the same pipeline before it (else the newest one after it), or the same stage of it.
 *
 * @throws WaymarkError `not_found` if there is none, `invalid` for a checkpoint that no run made
 */
export async function lastGoodOf(core: StoreCore, side: ComparedSide): Promise<ComparedSide> {
  const place = await placeOf(core, side)
  const { run } = place
  let later: ComparedSide | undefined
  for await (const other of allRuns(core, { pipeline: run.pipeline, states: ['completed'] })) {
    if (other.id === run.id) continue
    const isBefore = other.createdAt <= run.createdAt
    if (!isBefore && later !== undefined) continue
    const found = await sideIn(core, other, place)
    if (found === undefined) continue
    if (isBefore) return found
    later = found
  }
  if (later !== undefined) return later
  throw noGoodRun(run, place.path)
}

/** What is compared of a run: a stage, what the run returned, or all of it. */
interface Place {
  readonly run: RunView
  readonly path?: string
  readonly isResult?: true
}

async function sideIn(core: StoreCore, run: RunView, { path, isResult }: Place): Promise<ComparedSide | undefined> {
  if (path !== undefined) return stageSide(core, address, run, path)
  if (isResult === undefined) return { kind: 'run', address, run }
  const checkpoint = run.resultId === undefined ? undefined : await findCheckpoint(core, run.resultId)
  return checkpoint === undefined ? undefined : { kind: 'checkpoint', address, checkpoint }
}

async function placeOf(core: StoreCore, side: ComparedSide): Promise<Place> {
  if (side.kind === 'run') return { run: side.run }
  if (side.kind === 'stage') {
    if (side.run === undefined) throw noRunOf(side.address)
    return { run: side.run, path: side.path }
  }
  const { run: id, stage } = side.checkpoint
  const run = id === undefined ? undefined : await core.feed.query(catalog => catalog.run(id))
  if (run === undefined) throw noRunOf(side.address)
  return stage === undefined ? { run, isResult: true } : { run, path: stage }
}

const noRunOf = (typed: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${typed} was not made by a run of a pipeline, so that there is no last good run of it`,
    means: 'Nothing was read or changed.',
    remedy: `Name what to compare it with: waymark diff OTHER ${typed}`,
  })

const noGoodRun = (run: RunView, path: string | undefined): WaymarkError =>
  new WaymarkError('not_found', {
    message: `no other run of ${run.pipeline} is finished${path === undefined ? '' : ` and has the stage ${path}`}`,
    means: 'There is nothing to compare with; nothing was changed.',
    remedy: `waymark ls --pipeline ${run.pipeline}`,
    details: { pipeline: run.pipeline, ...(path === undefined ? {} : { stage: path }) },
  })
