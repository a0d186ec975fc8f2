import { encodeRunRecord } from './record-codec.ts'
import type { StoreCore } from './store-core.ts'

/** Tombstones of one commit: far below what the log takes at once. */
const recordsPerCommit = 1_000

/** Writes the tombstones of checkpoints: they are no longer listed or loaded. Their bytes stay until they are pruned. */
export async function deleteCheckpoints(core: StoreCore, ids: readonly string[]): Promise<void> {
  const time = core.clock.now()
  for (let at = 0; at < ids.length; at += recordsPerCommit) {
    const records = ids.slice(at, at + recordsPerCommit).map(id => encodeRunRecord({ type: 'checkpoint.deleted', time, id }))
    await core.log.appendFree(records)
  }
}
