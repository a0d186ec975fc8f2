import type { Store } from '../engine/store.ts'
import type { CheckpointWhere } from '../model/checkpoint-filter.ts'
import { nearest } from '../model/did-you-mean.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { addressedPaths } from '../model/scope.ts'

/** Which checkpoints an address means. */
export interface CheckpointPlace {
  readonly run?: string
  readonly stage?: string
  /** Instead of `stage`: the calls of a stage in a loop, or what is inside it. */
  readonly where?: CheckpointWhere
}

/**
 * An address of a run or stage; also labels that no pipeline made (`store.save({ run, stage })`).
 *
 * @throws WaymarkError `not_found` with what is near, `conflict` if a prefix fits several runs
 */
export async function placeAt(store: Store, address: string): Promise<CheckpointPlace> {
  const [head = '', ...rest] = address.split('/')
  const path = rest.join('/')
  const run = await runOf(store, head)
  if (path === '') return { run }
  for (const place of placesOf(run, path)) {
    if ((await store.list({ ...place, limit: 1 })).length > 0) return place
  }
  const stages = (await store.stages(run)).map(stage => stage.path)
  if (stages.includes(path)) return { run, stage: path }
  const near = nearest(path, [
    ...new Set([...stages, ...(await labelsIn(store, run))].map(stage => stage.replace(/[[/].*$/s, ''))),
  ])
  throw new WaymarkError('not_found', {
    message: `run ${run} has no checkpoint of a stage ${JSON.stringify(path)}${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was read or changed.',
    remedy: `waymark checkpoints ${run}${near === undefined ? '' : `/${near}`}`,
    details: near === undefined ? {} : { near },
  })
}

async function runOf(store: Store, head: string): Promise<string> {
  try {
    const { run } = await store.resolve(head)
    // A label that is written in full goes before a run that only begins so.
    return run.id !== head && !head.includes('@') && (await isLabel(store, head)) ? head : run.id
  } catch (error) {
    if (!isWaymarkError(error) || !['not_found', 'conflict'].includes(error.code)) throw error
    if (await isLabel(store, head)) return head
    const labels = (await store.list({ limit: 500 })).flatMap(one => one.run ?? [])
    const near = error.details['near'] === undefined ? nearest(head, [...new Set(labels)]) : undefined
    throw near === undefined ? error : noSuchRun(head, near)
  }
}

const noSuchRun = (typed: string, near: string): WaymarkError =>
  new WaymarkError('not_found', {
    message: `there is no run ${JSON.stringify(typed)} in this store; did you mean ${near}?`,
    means: 'Nothing was read or changed.',
    remedy: `waymark checkpoints ${near}`,
    details: { near },
  })

const isLabel = async (store: Store, run: string): Promise<boolean> =>
  run !== '' && (await store.list({ run, limit: 1 })).length > 0

const labelsIn = async (store: Store, run: string): Promise<readonly string[]> =>
  (await store.list({ run, limit: 500 })).flatMap(one => one.stage ?? [])

function placesOf(run: string, path: string): readonly CheckpointPlace[] {
  const exact = addressedPaths(path)
  return [
    ...exact.map(stage => ({ run, stage })),
    ...exact.flatMap(stage => [`${stage}[`, `${stage}/`]).map(prefix => ({ run, where: { stage: { prefix } } })),
  ]
}
