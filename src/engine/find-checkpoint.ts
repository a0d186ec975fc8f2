import type { CheckpointView } from '../model/run-view.ts'
import type { StoreCore } from './store-core.ts'

/** A checkpoint by its id, whichever process saved it; undefined if there is none. */
export async function findCheckpoint(core: StoreCore, id: string): Promise<CheckpointView | undefined> {
  const find = (): Promise<CheckpointView | undefined> => core.feed.query(catalog => catalog.checkpoint(id))
  // The catalog of a sealed store is of this process alone: what others have said of a checkpoint since is in the log only.
  if (core.seals !== undefined) await core.feed.refresh()
  else await core.feed.flush()
  const known = await find()
  if (known !== undefined || core.seals !== undefined) return known
  await core.feed.refresh()
  return find()
}
