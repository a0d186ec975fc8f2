import type { ItemCounts } from '../../model/records.ts'
import type { RunEvent } from '../../model/run-events.ts'
import { type LogField, logLine } from './logfmt.ts'
import { duration, percent, rate, successText } from './quantities.ts'
import { handled, isTopLevel, type RunProgress, type StageProgress } from './run-progress.ts'

/** The line that tells of a change of state off a terminal, or undefined where the event is none. */
export function stateLine(event: RunEvent, progress: RunProgress, time: number): string | undefined {
  switch (event.type) {
    case 'plan':
      return undefined
    case 'run.started':
      return logLine(time, 'run.start', {
        run: progress.run,
        pipeline: event.pipeline,
        attempt: event.attempt,
        store: event.store,
      })
    case 'stage.reused':
      return isTopLevel(event.stage)
        ? logLine(time, 'stage.reuse', { stage: event.stage, ...itemFields(event.counts) })
        : undefined
    case 'stage.completed':
      if (!isTopLevel(event.stage)) return undefined
      return logLine(time, 'stage.done', {
        stage: event.stage,
        ...itemFields(event.counts),
        dur: compact(duration(event.durationMs)),
        checkpoint: event.checkpoint?.id,
        bytes: event.checkpoint?.logicalBytes,
        output: event.output,
      })
    case 'stage.failed':
      return logLine(time, 'stage.fail', { stage: event.stage, item: event.error.item, msg: event.error.message })
    case 'notice':
      return logLine(time, 'notice', { msg: event.message })
    case 'run.ended':
      return logLine(time, `run.${event.state}`, {
        run: progress.run,
        dur: compact(duration(event.durationMs)),
        setaside: event.setAside === 0 ? undefined : event.setAside,
        code: event.error?.code,
      })
    default:
      return undefined
  }
}

/** What is running, one line a stage; for the line each half minute. */
export function progressLines(progress: RunProgress, time: number): string[] {
  return [...progress.stages].filter(stage => stage.state === 'running').map(stage => progressLine(stage, time))
}

/** How far one stage is. */
export function progressLine(stage: StageProgress, time: number): string {
  const { counts } = stage
  const total = counts?.total
  const done = counts === undefined ? undefined : handled(counts)
  return logLine(time, 'progress', {
    stage: stage.name,
    ended: stage.members?.ended,
    pct: done === undefined || total === undefined ? undefined : percent(done, total),
    done: done === undefined || total === undefined ? done : `${done}/${total}`,
    reused: stage.reused === 0 ? undefined : stage.reused,
    rate: stage.itemsPerSecond === undefined ? undefined : rate(stage.itemsPerSecond).replaceAll(',', ''),
    eta: stage.etaMs === undefined ? undefined : `${Math.round(stage.etaMs.likely / 1000)}s`,
    safe: done === undefined ? undefined : done - stage.atRisk,
    success: counts === undefined ? undefined : successText(counts),
    retries: counts?.retries === 0 ? undefined : counts?.retries,
    setaside: counts?.setAside === 0 ? undefined : counts?.setAside,
    dur: compact(duration(time - stage.startedAt)),
  })
}

/** One line for the whole run, asked for with SIGUSR1. */
export function statusLine(progress: RunProgress, time: number): string {
  const stages = [...progress.stages]
  const running = stages.filter(stage => stage.state === 'running')
  const [first] = running
  const ended = stages.filter(stage => stage.state === 'completed' || stage.state === 'reused').length
  const of = first === undefined ? '' : progressLine(first, time).replace(/^\S+ progress +/, ' ')
  const head = logLine(time, 'status', {
    run: progress.run,
    attempt: progress.attempt,
    stages: stages.length === 0 ? undefined : `${ended}/${stages.length}`,
    saved: progress.savedAt === undefined ? undefined : `${Math.max(0, Math.round((time - progress.savedAt) / 1000))}s`,
    running: running.length > 1 ? running.length : undefined,
  })
  return `${head}${of}`
}

const itemFields = (counts: ItemCounts | undefined): Record<string, LogField> =>
  counts === undefined
    ? {}
    : {
        items: counts.done,
        skipped: counts.skipped === 0 ? undefined : counts.skipped,
        setaside: counts.setAside === 0 ? undefined : counts.setAside,
        retries: counts.retries === 0 ? undefined : counts.retries,
      }

/** `18.2 s` as `18.2s`, so that it stays one word. */
const compact = (text: string): string => text.replaceAll(' ', '')
