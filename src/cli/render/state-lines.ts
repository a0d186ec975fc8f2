import type { ItemCounts } from '../../model/records.ts'
import type { RunEvent } from '../../model/run-events.ts'
import { type LogField, logLine } from './logfmt.ts'
import { duration, percent, rate } from './quantities.ts'
import { handled, isTopLevel, type RunProgress } from './run-progress.ts'

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
  const lines: string[] = []
  for (const stage of progress.stages) {
    if (stage.state !== 'running') continue
    const { counts } = stage
    const total = counts?.total
    const done = counts === undefined ? undefined : handled(counts)
    lines.push(
      logLine(time, 'progress', {
        stage: stage.name,
        ended: stage.members?.ended,
        pct: done === undefined || total === undefined ? undefined : percent(done, total),
        done: done === undefined || total === undefined ? done : `${done}/${total}`,
        rate: stage.itemsPerSecond === undefined ? undefined : rate(stage.itemsPerSecond).replaceAll(',', ''),
        eta: stage.etaMs === undefined ? undefined : `${Math.round(stage.etaMs.likely / 1000)}s`,
        safe: done === undefined ? undefined : done - stage.atRisk,
        retries: counts?.retries === 0 ? undefined : counts?.retries,
        setaside: counts?.setAside === 0 ? undefined : counts?.setAside,
        dur: compact(duration(time - stage.startedAt)),
      }),
    )
  }
  return lines
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
