import { nearest } from '../model/did-you-mean.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { CheckpointView, RunView, StageView } from '../model/run-view.ts'
import { addressedPaths, stageNameOf, unescapeKey } from '../model/scope.ts'
import { enoughIds, severalFit } from '../model/several-fit.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import { resolveAddress } from './resolve-address.ts'
import type { StoreCore } from './store-core.ts'

/** What an address of a comparison means. */
export type ComparedSide = RunSide | StageSide | CheckpointSide

export interface RunSide {
  readonly kind: 'run'
  readonly address: string
  readonly run: RunView
}

/** A stage, with what it saved last; also labels that no pipeline made (`store.save({ run, stage })`), of which there is no run. */
export interface StageSide {
  readonly kind: 'stage'
  readonly address: string
  readonly run: RunView | undefined
  readonly runId: string
  readonly path: string
  readonly stage: StageView | undefined
  readonly checkpoint: CheckpointView | undefined
}

export interface CheckpointSide {
  readonly kind: 'checkpoint'
  readonly address: string
  readonly checkpoint: CheckpointView
}

/**
 * A checkpoint by its id, a run or a stage by its address; each by the first letters of its id, where they fit one only. An id in full goes before the beginning of one, and a run before a checkpoint.
 *
 * @throws WaymarkError `not_found` with what is near, `conflict` if a prefix fits several
 */
export async function resolveSide(core: StoreCore, address: string): Promise<ComparedSide> {
  const [head = '', ...rest] = address.split('/')
  const path = rest.join('/')
  if (path !== '') return stageAt(core, address, head, path)
  const run = await runAt(core, head)
  if (run?.id === head) return { kind: 'run', address, run }
  const checkpoint = head === '' ? undefined : await findCheckpoint(core, head)
  if (checkpoint !== undefined) return { kind: 'checkpoint', address, checkpoint }
  if (run !== undefined) return { kind: 'run', address, run }
  return { kind: 'checkpoint', address, checkpoint: await checkpointByPrefix(core, head) }
}

/** A stage of a run, by its path. */
export async function stageSide(core: StoreCore, address: string, run: RunView, path: string): Promise<StageSide | undefined> {
  return (await stageOfRun(core, address, run, path)) ?? (await labelled(core, address, run, run.id, path))
}

async function stageAt(core: StoreCore, address: string, head: string, path: string): Promise<StageSide> {
  const run = await runAt(core, head)
  const paths = addressedPaths(path)
  for (const one of paths) {
    const found = run === undefined ? await labelled(core, address, run, head, one) : await stageSide(core, address, run, one)
    if (found !== undefined) return found
  }
  // Labels that are written in full go before a run that only begins so.
  for (const one of run === undefined || run.id === head ? [] : paths) {
    const found = await labelled(core, address, undefined, head, one)
    if (found !== undefined) return found
  }
  throw run === undefined ? await nothingCalled(core, head) : await noStage(core, run, path)
}

async function stageOfRun(core: StoreCore, address: string, run: RunView, path: string): Promise<StageSide | undefined> {
  const [stage] = await core.feed.query(catalog => catalog.stages(run.id, [path]))
  if (stage === undefined) return undefined
  const known = stage.checkpointId === undefined ? undefined : await findCheckpoint(core, stage.checkpointId)
  const checkpoint = known ?? (await newestOf(core, run.id, path))
  return { kind: 'stage', address, run, runId: run.id, path, stage, checkpoint }
}

async function labelled(
  core: StoreCore,
  address: string,
  run: RunView | undefined,
  runId: string,
  path: string,
): Promise<StageSide | undefined> {
  const checkpoint = await newestOf(core, runId, path)
  return checkpoint === undefined ? undefined : { kind: 'stage', address, run, runId, path, stage: undefined, checkpoint }
}

async function newestOf(core: StoreCore, run: string, stage: string): Promise<CheckpointView | undefined> {
  return (await core.feed.query(catalog => catalog.checkpoints({ run, stage, limit: 1 })))[0]
}

/** Undefined where no run is called so. */
async function runAt(core: StoreCore, head: string): Promise<RunView | undefined> {
  try {
    return (await resolveAddress(head, query => core.feed.query(catalog => catalog.runs(query)))).run
  } catch (error) {
    const isOther = isWaymarkError(error, 'not_found') && !head.includes('@')
    const isCheckpoint = isWaymarkError(error, 'conflict') && (await findCheckpoint(core, head)) !== undefined
    if (isOther || isCheckpoint) return undefined
    throw error
  }
}

async function checkpointByPrefix(core: StoreCore, head: string): Promise<CheckpointView> {
  const found = head === '' ? [] : await core.feed.query(catalog => catalog.checkpoints({ idPrefix: head, limit: enoughIds }))
  const [only] = found
  if (only === undefined) throw await nothingCalled(core, head)
  if (found.length === 1) return only
  throw severalFit(
    'checkpoints',
    head,
    found.map(one => one.id),
  )
}

async function nothingCalled(core: StoreCore, head: string): Promise<WaymarkError> {
  const runs = await core.feed.query(catalog => catalog.runs({ limit: 200 }))
  const checkpoints = await core.feed.query(catalog => catalog.checkpoints({ limit: 500 }))
  const labels = checkpoints.flatMap(one => (one.run === undefined ? [one.id] : [one.id, one.run]))
  const near = nearest(head, [...new Set([...runs.flatMap(run => [run.id, `${run.pipeline}@last`]), ...labels])])
  return new WaymarkError('not_found', {
    message: `there is no run or checkpoint ${JSON.stringify(head)} in this store${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was read or changed.',
    remedy: 'List the runs with: waymark ls, the checkpoints with: waymark checkpoints',
    details: near === undefined ? {} : { near },
  })
}

async function noStage(core: StoreCore, run: RunView, path: string): Promise<WaymarkError> {
  const stages = await core.feed.query(catalog => catalog.stages(run.id))
  const calls = stages.filter(stage => stageNameOf(stage.path) === path).map(callAddress)
  if (calls.length > 0) return severalCalls(run, path, calls)
  const near = nearest(path, stages.map(callAddress))
  return new WaymarkError('not_found', {
    message: `run ${run.id} has no stage ${JSON.stringify(path)}${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was read or changed.',
    remedy: near === undefined ? `waymark show ${run.id}` : `waymark show ${run.id}/${near}`,
    details: near === undefined ? {} : { near },
  })
}

/** Of a stage called in a loop `STAGE/KEY`, as addresses name it; of any other its path. */
function callAddress({ path }: StageView): string {
  const name = stageNameOf(path)
  return name === path || name.includes('[') ? path : `${name}/${unescapeKey(path.slice(name.length + 1, -1))}`
}

const mostCalls = 10

function severalCalls(run: RunView, name: string, calls: readonly string[]): WaymarkError {
  const named = `${calls.slice(0, mostCalls).join(', ')}${calls.length > mostCalls ? ` and ${calls.length - mostCalls} more` : ''}`
  return new WaymarkError('conflict', {
    message: `run ${run.id} has called the stage ${name} in a loop: ${named}`,
    means: 'Nothing was read or changed.',
    remedy: `Say which of them: ${run.id}/${calls[0]}`,
    details: { candidates: calls.slice(0, mostCalls), calls: calls.length },
  })
}
