import { checkOptionNames } from './check-labels.ts'
import type { CheckpointInfo } from './checkpoint-info.ts'
import { listCheckpoints } from './list-checkpoints.ts'
import type { StoreCore } from './store-core.ts'

/** The newest that is not marked as damaged; where it passes over one that is, a notice says so. */
export async function latestCheckpoint(
  core: StoreCore,
  query: { readonly run?: string; readonly stage?: string },
): Promise<CheckpointInfo | undefined> {
  checkOptionNames('latest', query, ['run', 'stage'])
  const [newest] = await listCheckpoints(core, { ...query, limit: 1 })
  if (newest?.status !== 'damaged') return newest
  const [intact] = await listCheckpoints(core, { ...query, where: { status: { ne: 'damaged' } }, limit: 1 })
  core.feed.note(
    `checkpoint ${newest.id} is damaged: ${intact === undefined ? 'there is no' : `${intact.id} is the newest`} intact one before it`,
  )
  return intact
}
