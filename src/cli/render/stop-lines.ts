import type { RunSummary } from '../../engine/run-summary.ts'
import type { StopReport } from '../../engine/stop-run.ts'
import type { StageView } from '../../model/run-view.ts'
import { requestText } from '../../model/stop-request.ts'
import { factLine } from './fact-line.ts'
import { count, counted, roughDuration } from './quantities.ts'
import { shortId } from './run-label.ts'
import { handled } from './run-progress.ts'
import { type Line, type Screen, span } from './screen.ts'
import { stateMark } from './state-marks.ts'

/** `waymark pause`, `waymark cancel`: how it ended, what is recorded, what to do next. */
export function stopLines(
  command: 'pause' | 'cancel',
  report: StopReport,
  run: RunSummary,
  stages: readonly StageView[],
  next: string | undefined,
  now: number,
  screen: Screen,
): Line[] {
  const mark = stateMark(report.state)
  const title = `${screen.glyphs[mark.glyph]} ${run.pipeline} ${shortId(run.id)} ${titles[report.how](command, report.state)}`
  const lines: Line[] = [[span(title, mark.tone)]]
  const fact = (label: string, text: string) => lines.push(factLine(label, text))
  if (run.request !== undefined && report.how === 'already')
    fact('by', `${requestText(run.request)}, ${roughDuration(now - run.request.time)} ago`)
  if (report.how !== 'asked') fact('recorded', recordedText(run, stages))
  if (next !== undefined) fact('next', next)
  return lines
}

const titles: Readonly<Record<StopReport['how'], (command: 'pause' | 'cancel', state: string) => string>> = {
  obeyed: (_, state) => `is ${state}`,
  recorded: (_, state) => `is ${state}: no process was working on it`,
  already: (_, state) => `is ${state} already`,
  overtaken: (command, state) => `is ${state}: it ended before it could be ${command === 'pause' ? 'paused' : 'cancelled'}`,
  asked: command => `was asked to ${command === 'pause' ? 'pause' : 'end'}; it was not waited for`,
}

/** `1 of 3 stages, 41,200 of 60,000 items of transform`. */
function recordedText(run: RunSummary, stages: readonly StageView[]): string {
  const total = Math.max(run.stagesStarted, run.declaredStages.length)
  const parts = [total === 0 ? 'nothing yet' : `${count(run.stagesCompleted)} of ${counted(total, 'stage')}`]
  for (const { path, state, counts } of stages) {
    if (state === 'completed' || counts === undefined || path.includes('/')) continue
    parts.push(`${count(handled(counts))}${counts.total === undefined ? '' : ` of ${count(counts.total)}`} items of ${path}`)
  }
  return parts.slice(0, 4).join(', ')
}
