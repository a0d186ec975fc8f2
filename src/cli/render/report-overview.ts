import type { RunSummary } from '../../engine/run-summary.ts'
import type { StageView } from '../../model/run-view.ts'
import { errorText } from './item-lines.ts'
import { nextActions } from './next-action.ts'
import { count, counted, roughDuration } from './quantities.ts'
import type { ReportContent, ReportRow } from './report-content.ts'
import { causeText, shortId, shownStateOf } from './run-label.ts'
import { needsAttention } from './run-list.ts'
import { handled } from './run-progress.ts'
import { stateMark } from './state-marks.ts'

const mostProblems = 20

/** A run in an overview: what the catalog says of it. */
export interface ReportedRun {
  readonly run: RunSummary
  readonly stages: readonly StageView[]
}

export const setAsideOf = ({ stages }: ReportedRun): number =>
  stages.reduce((sum, { counts }) => sum + (counts?.setAside ?? 0), 0)

/** Items finished in all its passes. */
export const itemsOf = ({ stages }: ReportedRun): number =>
  stages.reduce((sum, { counts }) => sum + (counts === undefined ? 0 : handled(counts)), 0)

/** A report over several runs: what needs somebody first, then what was set aside, then the rest in one line. */
export function overviewReport(title: string, runs: readonly ReportedRun[], now: number): ReportContent {
  const needy = runs.filter(({ run }) => needsAttention(run))
  const aside = runs.filter(one => !needy.includes(one) && setAsideOf(one) > 0)
  const active = runs.filter(({ run }) => ['running', 'recovering', 'initialized'].includes(shownStateOf(run)))
  const done = runs.filter(({ run }) => run.state === 'completed')
  const items = runs.reduce((sum, one) => sum + itemsOf(one), 0)
  const parts = [
    counted(runs.length, 'run'),
    counted(needy.length, 'problem'),
    `${count(done.length)} done`,
    ...(active.length > 0 ? [`${count(active.length)} running`] : []),
    ...(runs.length > 0 ? [`success ${successText(runs, active.length)}`] : []),
    ...(items > 0 ? [counted(items, 'item')] : []),
  ]
  const clean = done.length - done.filter(one => aside.includes(one)).length
  return {
    title: `${title}: ${parts.join(', ')}`,
    facts: [],
    rows: [
      ...needy.slice(0, mostProblems).map(one => problemRow(one, now)),
      ...more(needy.length, 'more'),
      ...aside.slice(0, mostProblems).map(asideRow),
      ...more(aside.length, 'more with items set aside'),
      ...(clean > 0 ? [{ kind: 'note', text: `${counted(clean, 'run')} clean`, goesOn: false } as const] : []),
    ],
  }
}

function problemRow({ run, stages }: ReportedRun, now: number): ReportRow {
  const state = shownStateOf(run)
  const failed = stages.find(stage => stage.error !== undefined)
  const why = run.error ?? failed?.error
  const facts = [
    `${state} ${roughDuration(now - run.updatedAt)} ago`,
    ...(run.cause === undefined ? [] : [causeText(run.cause)]),
    ...(why === undefined ? [] : [`${failed === undefined ? '' : `${failed.path}: `}${errorText(why)}`]),
    safeText(stages),
  ]
  const [command = ''] = nextActions(run, { staleAfterMs: Number.POSITIVE_INFINITY, now })
  return {
    kind: 'run',
    mark: stateMark(state),
    name: `${run.pipeline} ${shortId(run.id)}`,
    facts: facts.filter(fact => fact !== ''),
    command,
  }
}

function asideRow(one: ReportedRun): ReportRow {
  const id = shortId(one.run.id)
  const text = `${one.run.pipeline} ${id} done, ${count(setAsideOf(one))} set aside`
  return { kind: 'look', text, command: `waymark items ${id} --set-aside` }
}

const more = (amount: number, what: string): readonly ReportRow[] =>
  amount > mostProblems ? [{ kind: 'note', text: `and ${count(amount - mostProblems)} ${what}`, goesOn: true }] : []

/** Of those that are over. */
function successText(runs: readonly ReportedRun[], active: number): string {
  const over = runs.filter(({ run }) => run.state !== 'cancelled').length - active
  const done = runs.filter(({ run }) => run.state === 'completed').length
  return over <= 0 ? 'unknown' : `${Math.floor((done / over) * 100)} %`
}

/** `safe 41,200 of 60,000 items`. */
function safeText(stages: ReportedRun['stages']): string {
  const open = stages.find(({ kind, state, counts }) => kind === 'each' && state !== 'completed' && counts !== undefined)
  if (open?.counts === undefined) return ''
  const { done, skipped, setAside, total } = open.counts
  return `safe ${count(done + skipped + setAside)}${total === undefined ? '' : ` of ${count(total)}`} items of ${open.path}`
}
