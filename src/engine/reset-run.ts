import { WaymarkError } from '../model/errors.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import type { RunRecord } from '../model/records.ts'
import { isInside, itemPath, type ScopePath } from '../model/scope.ts'
import { allCheckpoints } from './all-pages.ts'
import { peekRun } from './begin-attempt.ts'
import { deleteCheckpoints } from './delete-checkpoints.ts'
import { foldRecords } from './fold-records.ts'
import { forkHistory } from './fork-history.ts'
import { heldOf } from './fork-needs.ts'
import { ownedForAMoment, wasCancelled } from './owned-for-a-moment.ts'
import { leaseHeld, runLiveness } from './ownership.ts'
import { encodeRunRecord } from './record-codec.ts'
import { cancelRequest, endOf } from './record-stop.ts'
import type { Address } from './resolve-address.ts'
import { noStage } from './set-aside-items.ts'
import type { StoreCore } from './store-core.ts'

/** What a reset threw away, or would throw away. */
export interface ResetReport {
  readonly run: string
  readonly pipeline: string
  /** Set where one stage was named: the run goes on, and calls it again. Else the run is given up. */
  readonly stage?: string
  /** True: nothing was written. */
  readonly planned: boolean
  /** True: there is nothing to throw away. */
  readonly empty: boolean
  readonly stages: readonly ScopePath[]
  /** Items recorded in them. */
  readonly items: number
  /** Time that the stages in question took. */
  readonly workMs: number
  /** Checkpoints deleted; none where one stage is reset: those it has are replaced when it is called again. */
  readonly checkpoints: number
  readonly storedBytes: number
  /** Checkpoints that a pin holds: they stay. */
  readonly pinned: number
  /** Checkpoints that runs forked from this one need: they stay. */
  readonly forked: number
  /** These runs. */
  readonly forks: readonly string[]
}

/**
 * Throws away what is recorded of a run or of one stage of it. A stage is called again by the next attempt; a run becomes cancelled, its checkpoints are deleted, and whoever goes on with it by its
 * id all the same begins at the first stage. Output files stay as they are. Interrupted, it can be done again.
 *
 * @throws WaymarkError `not_found` of the stage, `lease_held` if a living process owns the run, `conflict` if a stage is named and the run was cancelled
 */
export async function resetRun(core: StoreCore, address: Address, { plan = false } = {}): Promise<ResetReport> {
  const { run } = address
  if ((await runLiveness(core, run)) === 'alive') throw leaseHeld(core, run)
  if (address.stage !== undefined && run.state === 'cancelled') throw wasCancelled(run.id)
  const report = await whatIsLost(core, address, await peekRun(core, run))
  if (plan || report.report.empty) return { ...report.report, planned: plan }
  return ownedForAMoment(core, run, async owned => {
    const { ownership, history } = owned
    const recorded = await foldRecords(core.log, await forkHistory(core, history.records))
    const { report: lost } = await whatIsLost(core, address, recorded)
    const time = core.clock.now()
    // Not as a request: that would refuse whoever goes on with the run by its id.
    const { request: _request, ...end } = endOf(core, run, owned, recorded, cancelRequest(core, 'it was reset'))
    const records: RunRecord[] =
      lost.stage === undefined
        ? [{ type: 'stage.reset', time, path: '' }, end]
        : lost.stages.map(path => ({ type: 'stage.reset', time, path }))
    await core.upgrade()
    await core.log.append(ownership, records.map(encodeRunRecord))
    if (lost.stage === undefined) await core.requests.forget(run.id, recorded.attempts)
    if (lost.stage !== undefined) return { ...lost, planned: false }
    // The run first: a stage whose checkpoint is gone must not count as done. Somebody may have forked it meanwhile.
    await core.feed.refresh()
    const { report: now, deleted } = await whatIsLost(core, address, recorded)
    await deleteCheckpoints(core, deleted)
    const { checkpoints, storedBytes, pinned, forked, forks } = now
    return { ...lost, checkpoints, storedBytes, pinned, forked, forks, planned: false }
  })
}

async function whatIsLost(
  core: StoreCore,
  address: Address,
  recorded: RecordedRun,
): Promise<{ readonly report: ResetReport; readonly deleted: readonly string[] }> {
  const { run, stage } = address
  const tops = topStages(address, recorded).filter(({ outdated }) => outdated === undefined)
  const within = [...recorded.stages.values()].filter(one => tops.some(top => one === top || isInside(one.path, top.path)))
  const deleted: string[] = []
  let storedBytes = 0
  let pinned = 0
  const held = stage === undefined ? await heldOf(core, run.id) : new Map<string, string>()
  const forked = new Set<string>()
  if (stage === undefined) {
    for await (const { id, pins = [], storedBytes: bytes } of allCheckpoints(core, { run: run.id })) {
      if (pins.length > 0) pinned++
      else if (held.has(id)) forked.add(id)
      else {
        deleted.push(id)
        storedBytes += bytes
      }
    }
  }
  const gone = stage === undefined ? run.state === 'cancelled' && tops.length === 0 && deleted.length === 0 : tops.length === 0
  const views = await core.feed.query(catalog => catalog.stages(run.id))
  const durations = new Map(views.map(view => [view.path, view.durationMs ?? view.updatedAt - view.startedAt]))
  return {
    report: {
      run: run.id,
      pipeline: run.pipeline,
      ...(stage === undefined ? {} : { stage }),
      planned: true,
      empty: gone,
      stages: tops.map(({ path }) => path),
      items: within.reduce((sum, { finished }) => sum + finished, 0),
      workMs: tops.reduce((sum, { path }) => sum + (durations.get(path) ?? 0), 0),
      checkpoints: deleted.length,
      storedBytes,
      pinned,
      forked: forked.size,
      forks: [...new Set([...forked].flatMap(id => held.get(id) ?? []))],
    },
    deleted,
  }
}

/** The stages that are named; of those inside them nothing is said, they go with them. */
function topStages({ run, stage, item }: Address, recorded: RecordedRun): readonly RecordedStage[] {
  const all = [...recorded.stages.values()].sort((a, b) => a.order - b.order)
  if (stage === undefined) return all.filter(({ path }) => !path.includes('/'))
  const top = item === undefined ? stage : itemPath(stage, item)
  // The calls of a loop: `load[a]`, not what lies inside them.
  const found = all.filter(({ path }) => path === top || (path.startsWith(`${top}[`) && !path.slice(top.length).includes('/')))
  if (found.length > 0) return found
  if (item !== undefined && all.some(({ path }) => path === stage)) throw oneItem(run.id, stage, item)
  throw noStage(run.id, stage, all)
}

const oneItem = (run: string, stage: string, item: string): WaymarkError =>
  new WaymarkError('not_found', {
    message: `${JSON.stringify(item)} is an item of ${stage}, and a reset is of a stage or a run`,
    means: 'Nothing was changed.',
    remedy: `Throw the whole stage away with: waymark reset ${run}/${stage}. Items set aside are called again with: waymark requeue ${run}/${stage}`,
  })
