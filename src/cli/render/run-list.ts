import type { RunSummary } from '../../engine/run-summary.ts'
import type { ItemCounts } from '../../model/records.ts'
import { fitColumns } from './fit-columns.ts'
import { isStale, nextActions, type StaleRule } from './next-action.ts'
import { count, counted, duration, roughDuration, successRate } from './quantities.ts'
import { shortId, shortIds, shownStateOf } from './run-label.ts'
import { type Line, line, type Screen, type Span, span } from './screen.ts'
import { stateMark } from './state-marks.ts'
import { tableLines } from './table-lines.ts'

/** A run and the items of all its stages. */
export interface ListedRun {
  readonly run: RunSummary
  /** Undefined where it has none. */
  readonly items: ItemCounts | undefined
}

export interface RunList {
  readonly runs: readonly ListedRun[]
  /** All that match, shown or not. */
  readonly total: number
}

/** The first ones are those that are still seen on a narrow terminal. */
const columns = [
  { title: '', align: 'left' },
  { title: 'RUN', align: 'left' },
  { title: 'PIPELINE', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'NEXT', align: 'left' },
  { title: 'STAGES', align: 'right' },
  { title: 'OK', align: 'right' },
  { title: 'UPDATED', align: 'left' },
  { title: 'STARTED', align: 'left' },
  { title: 'TOOK', align: 'right' },
  { title: 'ATT', align: 'right' },
] as const

/** Only the name may be cut: an id is there to be copied. */
const pipelineColumn = { index: 2, least: 10 }

/** `waymark ls`. */
export function runListLines(list: RunList, rule: StaleRule, screen: Screen): Line[] {
  if (list.runs.length === 0) return [line('no runs yet'), line('next: waymark run FILE', 'quiet')]
  const ids = shortIds(list.runs.map(({ run }) => run.id))
  const rows = list.runs.map(listed => row(listed, ids.get(listed.run.id) ?? listed.run.id, rule, screen))
  const needy = list.runs.filter(({ run }) => needsAttention(run))
  const [first] = needy
  const about = [
    list.total > list.runs.length
      ? `${count(list.runs.length)} of ${counted(list.total, 'run')}, newest first`
      : counted(list.total, 'run'),
    ...(first === undefined ? [] : [`needs you: ${count(needy.length)}`, `next: ${firstAction(first.run, ids, rule)}`]),
  ]
  const titles = columns.map(({ title }) => title)
  return [
    ...tableLines(columns, fitColumns(titles, rows, [pipelineColumn], screen)),
    line(about.join(` ${screen.glyphs.separator} `), 'quiet'),
  ]
}

/** Failed, crashed or paused: it will not go on by itself. */
export const needsAttention = (run: RunSummary): boolean => ['failed', 'crashed', 'paused'].includes(shownStateOf(run))

/** With an id as short as it can be among those listed. */
function firstAction(run: RunSummary, ids: ReadonlyMap<string, string>, rule: StaleRule): string {
  const [action = ''] = nextActions(run, rule)
  return action.replace(/^(waymark \w+) \S+/, `$1 ${ids.get(run.id) ?? run.id}`)
}

function row({ run, items }: ListedRun, id: string, rule: StaleRule, screen: Screen): Span[] {
  const { now } = rule
  const state = shownStateOf(run)
  const mark = stateMark(state)
  const over = run.endedAt ?? (state === 'crashed' ? run.updatedAt : undefined)
  const stages = Math.max(run.stagesStarted, run.declaredStages.length)
  const ok = items === undefined ? undefined : successRate(items)
  return [
    span(screen.glyphs[mark.glyph], mark.tone),
    span(id),
    span(run.forkedFrom === undefined ? run.pipeline : `${run.pipeline} from ${shortId(run.forkedFrom.run)}`),
    span(isStale(run, rule) ? `${state}, stale` : state, mark.tone),
    span(verbOf(run, items, rule)),
    span(stages === 0 ? '' : `${count(run.stagesCompleted)}/${count(stages)}`),
    span(ok === undefined ? '' : `${ok} %`, ok === '100' ? 'plain' : 'waiting'),
    span(`${roughDuration(now - run.updatedAt)} ago`),
    span(`${roughDuration(now - run.createdAt)} ago`),
    span(duration((over ?? now) - run.createdAt)),
    span(count(run.attempt)),
  ]
}

/** What to do with it, without `waymark` and the id, which stands in the same row: `resume --accept-stale`. */
function verbOf(run: RunSummary, items: ItemCounts | undefined, rule: StaleRule): string {
  if (shownStateOf(run) === 'completed') return (items?.setAside ?? 0) > 0 ? 'items --set-aside' : 'show'
  const [action = ''] = nextActions(run, rule)
  return action.replace(/^waymark (\w+) \S+/, '$1')
}
