import type { Ownership } from '../log/log.ts'
import { sleep } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { checkCallerId } from '../model/ids.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import type { StoreCore } from './store-core.ts'

/** How long another process may take from claiming an id to its first record. */
export const claimGraceMs = 2_000
export const claimPollMs = 20

/** Claims an id like a run: of two savers with one id, in whatever processes, exactly one succeeds. */
export async function claimCheckpointId(core: StoreCore, id: string): Promise<Ownership> {
  const { log, clock } = core
  checkCallerId(id, 'checkpoint')
  if ((await findCheckpoint(core, id)) !== undefined) throw idUsed(id)
  const ownership = await log.begin(`@${id}`)
  if (ownership !== undefined) return ownership
  // Somebody is saving under it just now, or died before the record.
  const deadline = clock.monotonicMs() + claimGraceMs
  while (clock.monotonicMs() < deadline) {
    if ((await findCheckpoint(core, id)) !== undefined) throw idUsed(id)
    await sleep(clock, claimPollMs)
  }
  const taken = await log.takeOver(`@${id}`)
  if (taken.history.records.length > 0) throw idUsed(id)
  return taken.ownership
}

function idUsed(id: string): WaymarkError {
  return new WaymarkError('conflict', {
    message: `the checkpoint id ${JSON.stringify(id)} was used before`,
    means: 'The earlier checkpoint is untouched; this value was not saved. Checkpoints never change.',
    remedy: 'Save under another id, or without one.',
    details: { checkpoint: id },
  })
}
