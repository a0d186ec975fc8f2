import type { CheckpointView } from '../model/run-view.ts'
import { noCheckpoint } from './change-checkpoint.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import { lostToDamage } from './lost-to-damage.ts'
import type { StoreCore } from './store-core.ts'

/**
 * A checkpoint to be read, by its id.
 *
 * @throws WaymarkError `not_found` if there is no checkpoint of this id, `corrupt` if its record may be among what is damaged of the log
 */
export async function knownCheckpoint(core: StoreCore, id: string): Promise<CheckpointView> {
  const view = (await core.feed.justSaved(id)) ?? (await findCheckpoint(core, id))
  if (view === undefined) throw lostToDamage(core, noCheckpoint(id))
  return view
}
