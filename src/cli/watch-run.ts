import { hostname } from 'node:os'
import { processStartOf } from '../engine/process-identity.ts'
import type { RunSummary } from '../engine/run-summary.ts'
import type { Store } from '../engine/store.ts'
import { type Clock, sleep } from '../model/clock.ts'
import type { Owner } from '../model/owner.ts'
import type { RunEnd } from './render/end-lines.ts'
import type { RunReporter } from './run-reporter.ts'
import { endOfWatched } from './watched-end.ts'
import { WatchedStages } from './watched-run.ts'

const lookEveryMs = 250
/** A look at a run of very many stages costs; it may take this part of the time. */
const mostShare = 0.2

export interface Watching {
  readonly store: Store
  readonly run: string
  readonly reporter: RunReporter
  readonly clock: Clock
  /** Ends the watching, not the run. */
  readonly signal: AbortSignal
}

/**
 * Follows a run that another process works on until it ends; a restart by its supervisor is the next attempt of the same run, and waited for.
 *
 * @throws the signal's reason
 */
export async function watchRun({ store, run: id, reporter, clock, signal }: Watching): Promise<RunEnd> {
  let stages: WatchedStages | undefined
  let attempt = -1
  let owner: Owner | undefined
  for (;;) {
    const startedMs = clock.monotonicMs()
    const run = await store.run(id)
    owner = run.owner ?? owner
    if (run.attempt !== attempt) {
      attempt = run.attempt
      stages = new WatchedStages(attempt)
      const { pipeline, declaredStages, createdAt } = run
      const startedAt = attempt === 1 ? createdAt : undefined
      reporter.attach({ run: id, pipeline, attempt, owner: run.owner, startedAt, stages: declaredStages, store: store.path })
    }
    const moment = { now: clock.now(), monotonicMs: clock.monotonicMs() }
    const views = await store.stages(id)
    const live = await store.live(id)
    for (const { time, event } of stages?.look(run, views, moment, live) ?? []) reporter.event(event, time)
    const end = endOfWatched(run, views, clock.now())
    if (end !== undefined && !(end.state === 'failed' && isSupervised(owner))) return end
    await sleep(clock, Math.max(lookEveryMs, (clock.monotonicMs() - startedMs) / mostShare), signal)
  }
}

/** Whether the process that started a failed one lives: it records why that ended, and perhaps starts the next. */
function isSupervised(owner: Owner | undefined): boolean {
  const supervisor = owner?.supervisor
  if (supervisor?.processStart === undefined || owner?.host !== hostname()) return false
  return processStartOf(supervisor.pid) === supervisor.processStart
}

/** The newest run that some process works on. */
export async function newestAtWork(store: Store): Promise<RunSummary | undefined> {
  const runs = await store.runs({ states: ['running', 'recovering'], limit: 100 })
  return runs.find(({ liveness }) => liveness === 'alive')
}
