import type { Store } from '../engine/store.ts'
import { nearest } from '../model/did-you-mean.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { enoughIds, severalFit } from '../model/several-fit.ts'

/** The newest, among which is what was probably meant. */
const mostCompared = 500

/**
 * The id of the checkpoint that is meant: by its id, or by the first letters of it where they fit one only.
 *
 * @throws WaymarkError `not_found` with what is near, `conflict` if a prefix fits several
 */
export async function checkpointByPrefix(store: Store, typed: string): Promise<string> {
  if (await isCheckpoint(store, typed)) return typed
  const found = typed === '' ? [] : await store.list({ where: { id: { prefix: typed } }, limit: enoughIds })
  const [only] = found
  if (found.length === 1 && only !== undefined) return only.id
  if (found.length > 1)
    throw severalFit(
      'checkpoints',
      typed,
      found.map(one => one.id),
    )
  throw await noCheckpoint(store, typed)
}

/** Whether there is a checkpoint of exactly this id. */
export async function isCheckpoint(store: Store, id: string): Promise<boolean> {
  return (await store.list({ where: { id }, limit: 1 })).length > 0
}

export async function noCheckpoint(store: Store, typed: string): Promise<WaymarkError> {
  const near = await nearCheckpoint(store, typed)
  return new WaymarkError('not_found', {
    message: `there is no checkpoint ${JSON.stringify(typed)} in this store${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was read or changed.',
    remedy: 'waymark checkpoints  lists them',
    details: near === undefined ? {} : { near },
  })
}

async function nearCheckpoint(store: Store, typed: string): Promise<string | undefined> {
  const ids = (await store.list({ limit: mostCompared })).map(one => one.id)
  const whole = nearest(typed, ids)
  if (whole !== undefined) return whole
  // What was typed may be the beginning of an id, with a mistake in it.
  const beginning = nearest(typed, [...new Set(ids.map(id => id.slice(0, typed.length)))])
  const meant = typed.length < 4 ? [] : ids.filter(id => beginning !== undefined && id.startsWith(beginning))
  return meant.length === 1 ? meant[0] : undefined
}

/** True for an error that says that nothing is called so. */
export const isNotFound = (error: unknown): error is WaymarkError => isWaymarkError(error, 'not_found')
