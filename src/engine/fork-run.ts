import { fileFault } from '../files/file-faults.ts'
import type { Ownership } from '../log/log.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { ForkOrigin } from '../model/fork-origin.ts'
import { checkCallerId, newRunId } from '../model/ids.ts'
import type { RunRecord } from '../model/records.ts'
import type { RunView } from '../model/run-view.ts'
import { allCheckpoints } from './all-pages.ts'
import { beginRun } from './begin-attempt.ts'
import { checkOptionNames } from './check-labels.ts'
import { foldRecords } from './fold-records.ts'
import { checkpointsNeeded } from './fork-needs.ts'
import { type ForkPoint, forkPoint } from './fork-point.ts'
import { forkViews } from './fork-views.ts'
import { runLiveness } from './ownership.ts'
import { checkParams, paramsDigest } from './params.ts'
import type { Pipeline } from './pipeline.ts'
import { creationTime } from './record-beginning.ts'
import { encodeRunRecord } from './record-codec.ts'
import type { StoreCore } from './store-core.ts'
import { streamBytes } from './stream-checkpoint.ts'

export interface ForkOptions {
  /** Id of the new run. Drawn at random if absent; an id is used once. */
  readonly runId?: string
  /** Params of the new run that are others than those of the old one, by name. What was recorded with the old ones is kept; the schema of `pipeline` checks them now, else when the run goes on. */
  readonly params?: Readonly<Record<string, unknown>>
  /** The pipeline that is to go on with the new run: params that it would refuse are refused before anything is forked. */
  readonly pipeline?: Pick<Pipeline<never, unknown>, 'name' | 'params'>
  /** Just before the beginning of this stage: the new run calls it and what comes after it. Only where the address names a run alone. */
  readonly before?: string
}

/** A new run that goes on from an older one. */
export interface ForkedRun {
  /** Id of the new run. */
  readonly run: string
  readonly pipeline: string
  readonly params: unknown
  readonly forkedFrom: ForkOrigin
  /** Stages that count as finished in it. */
  readonly stages: number
  /** Items that count as finished in it. */
  readonly items: number
  /** A process works on the older run: what it records from here on does not count in the new one. */
  readonly live: boolean
}

/**
 * Makes a new run that has everything recorded that another one had recorded up to a place, and writes one record: nothing is copied, the other run is not touched, and a living one goes on. Interrupted,
 * there is a whole new run or none.
 *
 * @throws WaymarkError `not_found` of the place or of a checkpoint that is deleted, `conflict` if the id is in use, `corrupt` if a checkpoint it would need is damaged, `invalid`
 */
export async function forkRun(core: StoreCore, address: string, options: ForkOptions = {}): Promise<ForkedRun> {
  checkOptionNames('fork', options, ['runId', 'params', 'before', 'pipeline'])
  if (options.runId !== undefined) checkCallerId(options.runId, 'run')
  await core.feed.refresh()
  const point = await forkPoint(core, address, options.before)
  const { params, changed } = newParams(point.run, options.params)
  if (options.pipeline !== undefined) await mustFit(point.run, options.pipeline, params)
  const recorded = await foldRecords(core.log, point.records)
  await mustBeThere(core, point)
  await makeDurable(core, point)
  const ownership = await claimRun(core, options.runId)
  await core.upgrade()
  const time = await creationTime(core)
  const run = ownership.stream
  const forkedFrom: ForkOrigin = { ...point.origin, ...(changed.length === 0 ? {} : { changedParams: changed }) }
  const { pipeline, declaredStages, file, paramsDigest: digest, redact, recordTail } = point.run
  const created: RunRecord = {
    type: 'run.created',
    time,
    pipeline,
    params,
    paramsDigest: changed.length === 0 ? digest : paramsDigest(params),
    ...(declaredStages.length === 0 ? {} : { stages: declaredStages }),
    ...(file === undefined ? {} : { file }),
    forkedFrom,
    ...(redact === undefined ? {} : { redact }),
    ...(recordTail === undefined ? {} : { recordTail }),
  }
  const views = await forkViews(core.log, forkedFrom.run, point.records, time)
  // One batch: a run that is there has all it needs.
  await core.log.append(ownership, [created, ...views].map(encodeRunRecord), 'power')
  await giveWayToDeletion(core, point, ownership)
  const stages = [...recorded.stages.values()]
  return {
    run,
    pipeline,
    params,
    forkedFrom,
    stages: stages.filter(({ state, path }) => state === 'completed' && !path.includes('/')).length,
    items: stages.reduce((sum, { finished }) => sum + finished, 0),
    live: (await runLiveness(core, point.run)) === 'alive',
  }
}

async function claimRun(core: StoreCore, runId: string | undefined): Promise<Ownership> {
  if (runId === undefined) return core.log.create(newRunId(core.random))
  const known = await core.feed.query(catalog => catalog.run(runId))
  const ownership = known === undefined ? await beginRun(core, runId) : undefined
  if (ownership !== undefined) return ownership
  throw new WaymarkError('conflict', {
    message: `the run id ${JSON.stringify(runId)} is in use`,
    means: 'Nothing was forked; that run is untouched.',
    remedy: `Choose another id, or none; or look at that run: waymark show ${runId}`,
    details: { run: runId },
  })
}

/** @throws WaymarkError `invalid` if the pipeline is not that of the run, or its schema refuses the params */
async function mustFit(
  run: RunView,
  { name, params: schema }: NonNullable<ForkOptions['pipeline']>,
  params: unknown,
): Promise<void> {
  if (name !== run.pipeline) {
    throw new WaymarkError('invalid', {
      message: `run ${run.id} is of the pipeline ${JSON.stringify(run.pipeline)}, not of ${JSON.stringify(name)}`,
      means: 'Nothing was forked.',
      remedy: 'Give the pipeline of that run, or none.',
      details: { run: run.id, pipeline: name },
    })
  }
  await checkParams(schema, params)
}

/** The params of the new run, and which of them are not the old ones. */
function newParams(
  { id, params: before }: RunView,
  given: ForkOptions['params'],
): { readonly params: unknown; readonly changed: readonly string[] } {
  if (given === undefined || Object.keys(given).length === 0) return { params: before, changed: [] }
  const old = entriesOf(before)
  if (old === undefined || entriesOf(given) === undefined) {
    throw new WaymarkError('invalid', {
      message: old === undefined ? `the parameters of run ${id} have no names` : 'the parameters to change are no object',
      means: 'Nothing was forked.',
      remedy: old === undefined ? 'Fork it with the parameters it has.' : 'store.fork(address, { params: { limit: 20 } })',
    })
  }
  const changed = Object.keys(given).filter(
    name => !Object.hasOwn(old, name) || paramsDigest([given[name]]) !== paramsDigest([Reflect.get(old, name)]),
  )
  return { params: { ...old, ...given }, changed }
}

const entriesOf = (params: unknown): object | undefined =>
  typeof params === 'object' && params !== null && !Array.isArray(params) ? params : undefined

/**
 * Somebody who found no fork yet may have deleted a checkpoint meanwhile. What the fork stands on is still in the log, but no longer listed or loaded: so it is given up.
 *
 * @throws WaymarkError `not_found`, upon which the new run is cancelled
 */
async function giveWayToDeletion(core: StoreCore, point: ForkPoint, ownership: Ownership): Promise<void> {
  await core.feed.refresh()
  try {
    await mustBeListed(core, point)
  } catch (error) {
    if (!isWaymarkError(error, 'not_found')) throw error
    const end: RunRecord = { type: 'attempt.ended', time: core.clock.now(), attempt: 0, state: 'cancelled' }
    await core.log.append(ownership, [encodeRunRecord(end)], 'power')
    await core.feed.flush().catch(() => {})
    throw error
  }
}

/** @throws WaymarkError `not_found` or `corrupt` of a checkpoint without which the new run would have to do something again */
async function mustBeThere(core: StoreCore, point: ForkPoint): Promise<void> {
  await mustBeListed(core, point)
  const { checkpoint } = point
  if (checkpoint === undefined) return
  if (checkpoint.status === 'damaged') throw damaged(point.run.id, checkpoint.id, checkpoint.stage)
  // Read to its last byte: to find out now is better than in the middle of the new run.
  for await (const _ of streamBytes(core, checkpoint));
}

async function mustBeListed(core: StoreCore, point: ForkPoint): Promise<void> {
  const needed = checkpointsNeeded(await foldRecords(core.log, point.records))
  const runs = new Set(needed.flatMap(({ run }) => (run === undefined ? [] : [run])))
  const there = new Map<string, boolean>()
  for (const run of runs) {
    for await (const { id, status } of allCheckpoints(core, { run })) there.set(id, status !== 'damaged')
  }
  for (const { id, stage } of needed) {
    const isSound = there.get(id)
    if (isSound === undefined) throw deleted(point.run.id, id, stage)
    if (!isSound) throw damaged(point.run.id, id, stage)
  }
}

const deleted = (run: string, id: string, stage: string | undefined): WaymarkError =>
  new WaymarkError('not_found', {
    message: `checkpoint ${id}, the result of ${stage}, was deleted`,
    means: 'Nothing was forked: the new run would have to do that again.',
    remedy: `Fork before it: waymark fork ${run} --before ${stage}`,
    details: { checkpoint: id, run },
  })

const damaged = (run: string, id: string, stage: string | undefined): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `checkpoint ${id}, the result of ${stage}, is damaged`,
    means: 'Nothing was forked: the new run would have to do that again.',
    remedy: `Fork before it (waymark fork ${run} --before ${stage}), or see what can be mended with: waymark repair`,
    details: { checkpoint: id, run },
  })

/** The newest records of a living owner may not be on the disk yet; what the new run stands on must be. */
async function makeDurable(core: StoreCore, { records }: ForkPoint): Promise<void> {
  const last = records.at(-1)
  if (last === undefined) return
  const path = `${core.path}/segments/${last.position.segment}.seg`
  try {
    const file = await core.files.open(path, 'write')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    throw fileFault(error, `make ${path} durable`, 'Nothing was forked; the run is as it was.')
  }
}
