import { relative, resolve } from 'node:path'
import type { Ownership } from '../log/log.ts'
import { sleep } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { newRunId } from '../model/ids.ts'
import type { Owner } from '../model/owner.ts'
import { RecordedRun } from '../model/recorded-run.ts'
import type { RunView } from '../model/run-view.ts'
import { spanText } from '../model/span-text.ts'
import { claimGraceMs, claimPollMs } from './claim-checkpoint-id.ts'
import { type FoundRun, unfinishedStates } from './find-run.ts'
import { foldRecords } from './fold-records.ts'
import { forkHistory, ownHistory } from './fork-history.ts'
import { originNotices } from './fork-notices.ts'
import { noteDeletedStages } from './note-deleted-stages.ts'
import { ownRun, runLiveness } from './ownership.ts'
import type { AttemptOptions } from './pipeline.ts'
import { noteDamagedStages } from './repair-damaged-stages.ts'
import { checkNotStoppedSince } from './requested-stop.ts'
import type { StoreCore } from './store-core.ts'

const defaultStaleAfterMs = 24 * 3_600_000

/** A run this process may write, and what it has recorded so far. */
export interface HeldRun {
  readonly id: string
  readonly ownership: Ownership
  readonly recorded: RecordedRun
  /** False if an output file of the run may be open elsewhere, or was left in doubt by a failed write: it is copied then, not cut. */
  readonly earlierOwnersDead: boolean
  readonly notices: readonly string[]
}

/**
 * Becomes the owner of the run that was found, or of a new one, whose id may have been claimed already (`begun`).
 *
 * @throws WaymarkError `cancelled`, `paused` if somebody stopped the run since it was found
 */
export async function holdRun(core: StoreCore, found: FoundRun, begun: Ownership | undefined): Promise<HeldRun> {
  if (found.run !== undefined) {
    const { ownership, history, earlierOwnerDead } = await ownRun(core, found.run, true)
    const torn = history.tornBytes
    const notices =
      torn === 0
        ? []
        : [
            `${torn} bytes behind the last intact record were set aside: a write that was under way when the process died, or damage. What they held is done again`,
          ]
    const records = await forkHistory(core, history.records)
    const lost = await originNotices(core, records)
    const recorded = await foldRecords(core.log, records)
    checkNotStoppedSince(found.run, recorded)
    await noteDamagedStages(core, found.run.id, recorded)
    await noteDeletedStages(core, found.run.id, recorded)
    const isAlone = earlierOwnerDead && leftNothingOpen(recorded, core.self) && !(await wasOvertaken(core, found.run, recorded))
    return {
      id: found.run.id,
      ownership,
      recorded,
      earlierOwnersDead: isAlone,
      notices: [...notices, ...lost],
    }
  }
  const fresh = { recorded: new RecordedRun(), earlierOwnersDead: true, notices: [] }
  const ownership = begun ?? (await core.log.create(newRunId(core.random)))
  return { id: ownership.stream, ownership, ...fresh }
}

/**
 * Claims an id that the caller chose for a new run. Undefined: a run of this id has appeared meanwhile, begun by somebody else.
 */
export async function beginRun(core: StoreCore, runId: string): Promise<Ownership | undefined> {
  const ownership = await core.log.begin(runId)
  if (ownership !== undefined) return ownership
  // Somebody else begins it just now, or died before the first record.
  const deadline = core.clock.monotonicMs() + claimGraceMs
  while (core.clock.monotonicMs() < deadline) {
    await core.feed.refresh()
    if ((await core.feed.query(catalog => catalog.run(runId))) !== undefined) return undefined
    await sleep(core.clock, claimPollMs)
  }
  const { ownership: taken, history } = await core.log.takeOver(runId)
  if (history.records.length === 0) return taken
  // It recorded something at the last moment: that is a run to be gone on with, not to be begun again.
  await core.feed.refresh()
  return undefined
}

/** Whether another process began an attempt since the run was looked up: that one is fenced now, but may be writing to its output still. */
async function wasOvertaken(core: StoreCore, seen: RunView, { lastAttempt, ended }: RecordedRun): Promise<boolean> {
  if (lastAttempt === undefined || lastAttempt.attempt === seen.attempt || ended !== undefined) return false
  return (
    lastAttempt.owner.process !== core.self.process &&
    (await runLiveness(core, { id: seen.id, owner: lastAttempt.owner })) !== 'dead'
  )
}

/** One owner whose death was never proven may outlive many that died; and a file whose sync failed is never synced again. */
function leftNothingOpen({ ended, lastAttempt, stages }: RecordedRun, self: Owner): boolean {
  // An attempt of this very process without an end: the disk was so broken that not even that could be written.
  const couldNotEnd = ended === undefined && lastAttempt?.owner.process === self.process
  // The pipeline may have caught what a stage failed with, and ended otherwise.
  const errors = [ended?.error, ...[...stages.values()].map(stage => stage.error)]
  const failedWrite = errors.some(error => error?.waymark?.code === 'disk_full' || error?.waymark?.code === 'unavailable')
  return !couldNotEnd && !failedWrite && lastAttempt?.earlierOwnersDead !== false && ended?.earlierOwnersDead !== false
}

/** What is recorded of a run, without owning it. */
export async function peekRun(core: StoreCore, run: RunView | undefined): Promise<RecordedRun> {
  if (run === undefined) return new RecordedRun()
  const recorded = await foldRecords(core.log, await forkHistory(core, await ownHistory(core, run.id)))
  await noteDamagedStages(core, run.id, recorded)
  await noteDeletedStages(core, run.id, recorded)
  return recorded
}

/** @throws WaymarkError `stale` if nothing was recorded for too long and that was not accepted */
export function checkFresh(
  core: StoreCore,
  run: RunView | undefined,
  options: Pick<AttemptOptions, 'acceptStale' | 'staleAfterMs'>,
): void {
  const staleAfterMs = options.staleAfterMs ?? defaultStaleAfterMs
  if (run === undefined || options.acceptStale === true || !unfinishedStates.includes(run.state)) return
  const ageMs = core.clock.now() - run.updatedAt
  if (ageMs <= staleAfterMs) return
  throw new WaymarkError('stale', {
    message: `run ${run.id} was last worked on ${spanText(ageMs)} ago; more than ${spanText(staleAfterMs)} is called stale`,
    means: 'Nothing was run; everything it recorded is kept. What it recorded may no longer fit the world outside.',
    remedy: 'Go on all the same with --accept-stale, or start anew with --fresh.',
    details: { run: run.id, updatedAt: run.updatedAt },
  })
}

/** The pipeline's file as the log keeps it: relative to the folder the store lies in, so that both can move together. */
export const storedFile = (core: StoreCore, file: string): string => relative(resolve(core.path, '..'), resolve(file))
