import type { RecordedRun } from '../model/recorded-run.ts'
import type { AttemptEnded, EndCause, RunRecord } from '../model/records.ts'
import type { ScopePath } from '../model/scope.ts'
import { crashMessage } from './crash-message.ts'
import { writeErrorCheckpoint } from './error-checkpoint.ts'
import { foldRecords } from './fold-records.ts'
import { ownRun } from './ownership.ts'
import { encodeRunRecord } from './record-codec.ts'
import type { StoreCore } from './store-core.ts'

/**
 * Records why a run's process ended, and leaves its error checkpoint. Does nothing if the run ended by itself or somebody else already goes on with it.
 *
 * @param finished How many items of each pass the process had told of as finished.
 */
export async function recordCrash(
  core: StoreCore,
  id: string,
  cause: EndCause,
  finished: ReadonlyMap<ScopePath, number> = new Map(),
): Promise<void> {
  await core.feed.refresh()
  const run = await core.feed.query(catalog => catalog.run(id))
  if (run?.owner === undefined) return
  // Its attempt began in another process.
  core.runLog?.learn(id, { pipeline: run.pipeline, attempt: run.attempt })
  const { ownership, history } = await ownRun(core, run)
  const recorded = await foldRecords(core.log, history.records)
  const stage = stageAtWork(recorded)
  const checkpoint = await writeErrorCheckpoint(core, {
    run: id,
    pipeline: run.pipeline,
    attempt: run.attempt,
    error: { name: 'Crash', message: crashMessage(cause) },
    place: stage === undefined ? undefined : { stage },
    recorded,
  })
  const time = core.clock.now()
  const ended: AttemptEnded = {
    type: 'attempt.ended',
    time,
    attempt: run.attempt,
    state: 'failed',
    cause: withUnsaved(cause, finished, recorded),
    ...(checkpoint === undefined ? {} : { errorCheckpoint: checkpoint.id }),
  }
  const records: RunRecord[] = checkpoint === undefined ? [ended] : [{ type: 'checkpoint.saved', time, checkpoint }, ended]
  await core.log.append(ownership, records.map(encodeRunRecord))
}

function withUnsaved(cause: EndCause, finished: ReadonlyMap<ScopePath, number>, { stages }: RecordedRun): EndCause {
  const unsaved = [...finished].flatMap(([stage, told]) => {
    const items = told - (stages.get(stage)?.finished ?? 0)
    return items > 0 ? [{ stage, items }] : []
  })
  return unsaved.length === 0 ? cause : { ...cause, unsaved: unsaved.slice(0, mostUnsaved) }
}

/** Passes inside items may be many. */
const mostUnsaved = 100

/** The stage that began last of those that had not ended. */
function stageAtWork({ stages }: RecordedRun): string | undefined {
  const open = [...stages.values()].filter(stage => stage.state === 'running').sort((a, b) => a.order - b.order)
  return open.at(-1)?.path
}
