import type { RunSummary } from '../../engine/store.ts'
import { count, counted, duration, roughDuration } from './quantities.ts'
import { shortIds, shownStateOf } from './run-label.ts'
import { type Line, line, type Screen, type Span, span } from './screen.ts'
import { stateMark } from './state-marks.ts'
import { tableLines } from './table-lines.ts'

export interface RunList {
  readonly runs: readonly RunSummary[]
  /** All that match, shown or not. */
  readonly total: number
}

const columns = [
  { title: '', align: 'left' },
  { title: 'RUN', align: 'left' },
  { title: 'PIPELINE', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'STAGES', align: 'right' },
  { title: 'STARTED', align: 'left' },
  { title: 'UPDATED', align: 'left' },
  { title: 'TOOK', align: 'right' },
  { title: 'ATT', align: 'right' },
] as const

/** `waymark ls`. */
export function runListLines(list: RunList, now: number, screen: Screen): Line[] {
  if (list.runs.length === 0) return [line('no runs yet'), line('next: waymark run FILE', 'quiet')]
  const ids = shortIds(list.runs.map(run => run.id))
  const rows = list.runs.map(run => row(run, ids.get(run.id) ?? run.id, now, screen))
  const needy = list.runs.filter(run => needsAttention(run))
  const [first] = needy
  const about = [
    list.total > list.runs.length
      ? `${count(list.runs.length)} of ${counted(list.total, 'run')}, newest first`
      : counted(list.total, 'run'),
    ...(first === undefined
      ? []
      : [`needs you: ${count(needy.length)}`, `next: waymark resume ${ids.get(first.id) ?? first.id}`]),
  ]
  return [...tableLines(columns, rows), line(about.join(` ${screen.glyphs.separator} `), 'quiet')]
}

/** Failed, crashed or paused: it will not go on by itself. */
export const needsAttention = (run: RunSummary): boolean => ['failed', 'crashed', 'paused'].includes(shownStateOf(run))

function row(run: RunSummary, id: string, now: number, screen: Screen): Span[] {
  const state = shownStateOf(run)
  const mark = stateMark(state)
  const over = run.endedAt ?? (state === 'crashed' ? run.updatedAt : undefined)
  const stages = Math.max(run.stagesStarted, run.declaredStages.length)
  return [
    span(screen.glyphs[mark.glyph], mark.tone),
    span(id),
    span(run.pipeline),
    span(state, mark.tone),
    span(stages === 0 ? '' : `${count(run.stagesCompleted)}/${count(stages)}`),
    span(`${roughDuration(now - run.createdAt)} ago`),
    span(`${roughDuration(now - run.updatedAt)} ago`),
    span(duration((over ?? now) - run.createdAt)),
    span(count(run.attempt)),
  ]
}
