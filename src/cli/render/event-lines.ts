import type { EventSummary } from '../../engine/event-summary.ts'
import type { EventStatus, PipelineEvent } from '../../model/pipeline-event.ts'
import type { ListedEntry } from './entry-lines.ts'
import { fieldTexts, type LogField, logHead } from './logfmt.ts'
import { duration } from './quantities.ts'
import { shortId } from './run-label.ts'
import { type Line, line, type Tone } from './screen.ts'
import { storedField } from './stored-field.ts'

const tones: Readonly<Record<EventStatus, Tone>> = { success: 'plain', info: 'plain', warning: 'waiting', error: 'bad' }

/** An event in a list, with its run where events of several may be shown. */
export function listedEvent({ time, type, status, run, stage, item, metadata }: PipelineEvent, withRun: boolean): ListedEntry {
  const fields: Record<string, LogField> = { status, run: withRun && run !== undefined ? shortId(run) : undefined, stage, item }
  for (const [key, value] of Object.entries(metadata)) fields[key in fields ? `metadata.${key}` : key] = storedField(key, value)
  return { head: logHead(time, type), tone: tones[status], fields: fieldTexts(fields) }
}

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
