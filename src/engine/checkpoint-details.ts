import { newestView } from './change-checkpoint.ts'
import { type CheckpointDetails, infoOf } from './checkpoint-info.ts'
import { partsOf } from './checkpoint-keys.ts'
import { intactBefore } from './explain-damage.ts'
import { markedBecause } from './repair-journal.ts'
import type { StoreCore } from './store-core.ts'

/** Everything known of a checkpoint but its value; of a damaged one also why, and what to load instead. */
export async function checkpointDetails(core: StoreCore, id: string): Promise<CheckpointDetails> {
  const view = await newestView(core, id)
  const details: CheckpointDetails = { ...infoOf(view, core.clock.now()), ...(await partsOf(core, view)) }
  if (details.damage === undefined && view.status !== 'damaged') return details
  const damage = details.damage ?? (await markedBecause(core, id))
  const lastGood = (await intactBefore(core, view))?.id
  return { ...details, ...(damage === undefined ? {} : { damage }), ...(lastGood === undefined ? {} : { lastGood }) }
}
