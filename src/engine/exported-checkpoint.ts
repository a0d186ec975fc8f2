import type { CheckpointView } from '../model/run-view.ts'
import { type AskedStore, addressedCheckpoint, refuseRun } from './addressed-checkpoint.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import { knownCheckpoint } from './known-checkpoint.ts'
import type { StoreCore } from './store-core.ts'

/** The checkpoint of this id, else the newest of the stage. @throws WaymarkError `not_found`, `invalid` for a run */
export async function exportedCheckpoint(core: StoreCore, store: AskedStore, address: string): Promise<CheckpointView> {
  const view = await findCheckpoint(core, address)
  if (view !== undefined) return view
  await refuseRun(store, address)
  return knownCheckpoint(core, /[/@]/.test(address) ? await addressedCheckpoint(store, address) : address)
}
