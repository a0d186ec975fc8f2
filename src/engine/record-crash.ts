import type { EndCause } from '../model/records.ts'
import { ownRun } from './ownership.ts'
import { encodeRunRecord } from './record-codec.ts'
import type { StoreCore } from './store-core.ts'

/** Records why a run's process ended. Does nothing if the run ended by itself or somebody else already goes on with it. */
export async function recordCrash(core: StoreCore, id: string, cause: EndCause): Promise<void> {
  await core.feed.refresh()
  const run = await core.feed.query(catalog => catalog.run(id))
  if (run?.owner === undefined) return
  const { ownership } = await ownRun(core, run)
  const record = { type: 'attempt.ended', time: core.clock.now(), attempt: run.attempt, state: 'failed', cause } as const
  await core.log.append(ownership, [encodeRunRecord(record)])
}
