import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { addressedPaths } from '../model/scope.ts'
import type { Store } from './store.ts'

/** What has to be asked of a store to find what an address means. */
export type AskedStore = Pick<Store, 'latest' | 'list' | 'resolve'>

/**
 * The id of the newest checkpoint of what an address names: `RUN`, `RUN/STAGE`, `RUN/STAGE[KEY]`, `PIPELINE@last/STAGE`; RUN may be a label of `store.save`.
 *
 * @throws WaymarkError `not_found`, `conflict` if a prefix fits several runs
 */
export async function addressedCheckpoint(store: AskedStore, address: string): Promise<string> {
  const [head = '', ...rest] = address.split('/')
  const run = await runOf(store, head)
  const path = rest.join('/')
  const newest = path === '' ? await store.latest({ run }) : await newestOf(store, run, path)
  if (newest !== undefined) return newest.id
  throw new WaymarkError('not_found', {
    message: `${address} has no checkpoint`,
    means: 'Nothing was read or changed.',
    remedy: 'waymark checkpoints  lists them',
  })
}

/** That what stands for a checkpoint is a run, which holds many. @throws WaymarkError `invalid` if it is one */
export async function refuseRun(store: AskedStore, address: string): Promise<void> {
  if (/\/./.test(address)) return
  const found = await store.resolve(address).catch((error: unknown) => {
    if (isWaymarkError(error) && !address.includes('@')) return undefined
    throw error
  })
  if (found === undefined) return
  const { id } = found.run
  const stages = (await store.list({ run: id, limit: 100 })).flatMap(one => (one.stage === undefined ? [] : one.stage))
  throw new WaymarkError('invalid', {
    message: `${address} names a run, which is not a checkpoint but has many`,
    means: 'Nothing was written.',
    remedy: `Say which: ${id}/${stages.at(0) ?? 'STAGE'} is the newest checkpoint of that stage.`,
    details: { run: id },
  })
}

async function newestOf(store: AskedStore, run: string, path: string) {
  for (const stage of addressedPaths(path)) {
    const newest = await store.latest({ run, stage })
    if (newest !== undefined) return newest
  }
  const [call] = await store.list({ run, where: { stage: { prefix: `${path}[` } }, limit: 1 })
  return call
}

async function runOf(store: AskedStore, head: string): Promise<string> {
  try {
    return (await store.resolve(head)).run.id
  } catch (error) {
    if (head !== '' && isWaymarkError(error, 'not_found') && (await store.latest({ run: head })) !== undefined) return head
    throw error
  }
}
