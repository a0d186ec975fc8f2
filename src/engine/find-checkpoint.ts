import type { CheckpointView } from '../model/run-view.ts'
import type { StoreCore } from './store-core.ts'

/** A checkpoint by its id, whichever process saved it; undefined if there is none. */
export async function findCheckpoint(core: StoreCore, id: string): Promise<CheckpointView | undefined> {
  const find = (): Promise<CheckpointView | undefined> => core.feed.query(catalog => catalog.checkpoint(id))
  await core.feed.flush()
  const known = await find()
  if (known !== undefined) return known
  await core.feed.refresh()
  return find()
}
