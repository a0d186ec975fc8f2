import type { CheckpointRecord } from '../model/checkpoint.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { storeEvent } from '../model/store-events.ts'
import type { StoreCore } from './store-core.ts'

/** Tells the listeners of a store that a checkpoint was loaded. */
export function tellLoaded({ listeners, clock }: StoreCore, checkpoint: CheckpointRecord | CheckpointView): void {
  listeners.tell(storeEvent('checkpoint:loaded', clock.now(), placeOf(checkpoint)))
}

/** Tells the listeners of a store if this error says that a checkpoint is damaged. */
export function tellCorrupt(
  { listeners, clock }: StoreCore,
  checkpoint: CheckpointRecord | CheckpointView,
  error: unknown,
): void {
  if (!isWaymarkError(error, 'corrupt')) return
  listeners.tell(storeEvent('checkpoint:corrupt', clock.now(), { ...placeOf(checkpoint), error: error.toJSON() }))
}

const placeOf = ({ id, run, stage }: CheckpointRecord | CheckpointView) => ({
  id,
  ...(run === undefined ? {} : { run }),
  ...(stage === undefined ? {} : { stage }),
})
