import type { EventSummary } from '../../engine/event-summary.ts'
import type { PipelineEvent } from '../../model/pipeline-event.ts'
import { type LogField, logLine } from './logfmt.ts'
import { duration } from './quantities.ts'
import { shortId } from './run-label.ts'
import { type Line, line } from './screen.ts'

/** An event as one line, with its run where events of several may be shown. */
export function pipelineEventLine({ time, type, status, run, stage, item, metadata }: PipelineEvent, withRun: boolean): string {
  const fields: Record<string, LogField> = { status, run: withRun && run !== undefined ? shortId(run) : undefined, stage, item }
  for (const [key, value] of Object.entries(metadata)) fields[key in fields ? `metadata.${key}` : key] = fieldOf(value)
  return logLine(time, type, fields)
}

const fieldOf = (value: unknown): LogField =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === undefined
    ? value
    : JSON.stringify(value)

export function eventSummaryLines(summary: EventSummary): readonly Line[] {
  const { pipeline, run, state, events, errors, warnings, stagesCompleted, stages, durationMs, byType } = summary
  const width = Math.max(0, ...Object.keys(byType).map(type => type.length))
  return [
    line(`${pipeline} ${shortId(run)} · ${state} · ${duration(durationMs)}`),
    line(
      `  ${events} events · ${errors} errors · ${warnings} warnings · ${stagesCompleted} of ${stages.length} stages completed`,
    ),
    ...Object.entries(byType).map(([type, count]) => line(`  ${type.padEnd(width)}  ${count}`)),
    ...stages.map(({ path, state: stageState, durationMs: ms }) =>
      line(`  ${path} ${stageState}${ms === undefined ? '' : ` in ${duration(ms)}`}`),
    ),
  ]
}
