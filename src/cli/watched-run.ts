import type { LiveReport } from '../engine/live-progress.ts'
import type { RunSummary } from '../engine/run-summary.ts'
import type { RunEvent } from '../model/run-events.ts'
import type { StageView } from '../model/run-view.ts'
import { Throughput } from '../model/throughput.ts'
import { handled } from './render/run-progress.ts'

/** An event as it would have been told at that time, in wall milliseconds. */
export interface TimedEvent {
  readonly time: number
  readonly event: RunEvent
}

export interface WatchMoment {
  /** Wall milliseconds. */
  readonly now: number
  /** Milliseconds that only grow. */
  readonly monotonicMs: number
}

interface Now {
  readonly isOver: boolean
  readonly moment: WatchMoment
  readonly live: LiveReport | undefined
}

interface SeenStage {
  view: StageView
  speed: Throughput | undefined
}

/**
 * Makes of what the catalog says of a run, look by look, the events that its own process tells: so that whoever watches from elsewhere sees the same. What is not recorded yet comes from the live report, where
 * that process gives one.
 */
export class WatchedStages {
  readonly #attempt: number
  readonly #seen = new Map<string, SeenStage>()

  constructor(attempt: number) {
    this.#attempt = attempt
  }

  /** What is new since the last look. */
  look(run: RunSummary, stages: readonly StageView[], moment: WatchMoment, live?: LiveReport): TimedEvent[] {
    const events: TimedEvent[] = []
    const now: Now = { isOver: run.owner === undefined, moment, live }
    for (const view of stages) {
      const before = this.#seen.get(view.path)
      const isSettled = before !== undefined && before.view.state !== 'running'
      if (isSettled && before.view.updatedAt === view.updatedAt && before.view.state === view.state) continue
      const seen = before ?? { view, speed: undefined }
      events.push(...this.#changes(before?.view, view, seen, now))
      seen.view = view
      this.#seen.set(view.path, seen)
    }
    return events
  }

  #changes(before: StageView | undefined, view: StageView, seen: SeenStage, now: Now): TimedEvent[] {
    if (view.attempt < this.#attempt) {
      const reused: RunEvent = {
        type: 'stage.reused',
        stage: view.path,
        ...(view.counts === undefined ? {} : { counts: view.counts }),
      }
      return before === undefined && view.state === 'completed' ? [{ time: view.updatedAt, event: reused }] : []
    }
    const events: TimedEvent[] = []
    const wasRunning = before?.state === 'running' && before.attempt === view.attempt
    if (!wasRunning) {
      const total = view.counts?.total
      const started: RunEvent = {
        type: 'stage.started',
        stage: view.path,
        kind: view.kind,
        ...(total === undefined ? {} : { total }),
      }
      events.push({ time: view.startedAt, event: started })
    }
    if (view.state === 'running' && !now.isOver) {
      const told = liveProgress(view, now.live)
      if (told !== undefined) events.push(told)
      else if (view.counts !== undefined) events.push(this.#progress(view, view.counts, seen, now.moment))
    }
    const end = endOf(view)
    if (end !== undefined) events.push({ time: view.endedAt ?? view.updatedAt, event: end })
    return events
  }

  #progress(view: StageView, counts: NonNullable<StageView['counts']>, seen: SeenStage, moment: WatchMoment): TimedEvent {
    const reused = view.before === undefined ? 0 : handled(view.before)
    const finished = handled(counts) - reused
    seen.speed ??= new Throughput(moment.monotonicMs - Math.max(0, moment.now - view.startedAt))
    const remaining = counts.total === undefined ? undefined : Math.max(0, counts.total - handled(counts))
    return {
      time: view.updatedAt,
      event: {
        type: 'progress',
        stage: view.path,
        counts,
        reused,
        atRisk: 0,
        ...seen.speed.measure(moment.monotonicMs, finished, remaining),
      },
    }
  }
}

/** What its process says, unless what is recorded is newer. */
function liveProgress({ path, counts }: StageView, live: LiveReport | undefined): TimedEvent | undefined {
  const event = live?.progress.find(({ stage }) => stage === path)
  if (live === undefined || event === undefined) return undefined
  return counts !== undefined && handled(counts) > handled(event.counts) ? undefined : { time: live.time, event }
}

function endOf(view: StageView): RunEvent | undefined {
  if (view.state === 'completed') {
    return {
      type: 'stage.completed',
      stage: view.path,
      durationMs: view.durationMs ?? 0,
      ...(view.counts === undefined ? {} : { counts: view.counts }),
      ...(view.output === undefined ? {} : { output: view.output.path }),
    }
  }
  if (view.state !== 'failed' || view.error === undefined) return undefined
  return { type: 'stage.failed', stage: view.path, error: view.error }
}
