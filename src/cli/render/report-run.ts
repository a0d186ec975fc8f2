import type { AttemptReport, RunReport, StageReport } from '../../engine/run-report.ts'
import type { RunSummary } from '../../engine/run-summary.ts'
import type { StreamSummary } from '../../model/record-stream.ts'
import { checkText, proofText, redoneText, tellsSomething } from '../../model/recovery-proof.ts'
import { errorText } from './item-lines.ts'
import { nextActions } from './next-action.ts'
import { count, counted, duration, percent, timeText } from './quantities.ts'
import { streamSummaryTexts } from './record-stream-lines.ts'
import type { ReportContent, ReportRow } from './report-content.ts'
import { causeText, shortId, shownStateOf } from './run-label.ts'
import { handled } from './run-progress.ts'
import type { Glyphs } from './screen.ts'
import { countsText } from './stage-line.ts'
import { stateMark } from './state-marks.ts'

const mostStages = 40
const mostAttempts = 5
const mostGroups = 5
const mostRedone = 5

/** `waymark report RUN`: one run over all its stages. */
export function runReport(
  run: RunSummary,
  report: RunReport,
  now: number,
  glyphs: Glyphs,
  records: readonly StreamSummary[] = [],
): ReportContent {
  const { stages, attempts, setAside } = report
  const state = shownStateOf(run)
  const over = run.endedAt ?? (state === 'crashed' ? run.updatedAt : now)
  const rows: ReportRow[] = []
  const fact = (label: string, text: string, command?: string): void => {
    rows.push({ kind: 'fact', label, text, ...(command === undefined ? {} : { command }) })
  }
  if (run.cause !== undefined) fact('cause', causeText(run.cause))
  if (run.error !== undefined) fact('error', errorText(run.error))
  for (const stage of stages.slice(0, mostStages))
    rows.push({
      kind: 'stage',
      mark: stateMark(stage.reused ? 'reused' : stage.state),
      name: stage.path,
      text: stageText(stage, glyphs),
    })
  if (stages.length > mostStages)
    rows.push({ kind: 'note', text: `and ${counted(stages.length - mostStages, 'more stage')}`, goesOn: true })
  for (const group of setAside.slice(0, mostGroups))
    fact(
      'aside',
      `${counted(group.count, 'item')} of ${group.stage}: ${errorText(group.error)}`,
      `waymark items ${shortId(run.id)} --group ${group.group}`,
    )
  if (setAside.length > mostGroups) fact('aside', `and ${counted(setAside.length - mostGroups, 'more group')}`)
  for (const [index, text] of records.flatMap(streamSummaryTexts).entries()) fact(index === 0 ? 'records' : '', text)
  if (attempts.length > 1)
    for (const attempt of attempts.slice(-mostAttempts)) fact('attempt', attemptText(attempt, glyphs.separator))
  const reused = reusedText(report)
  if (reused !== undefined) fact('reused', reused)
  const last = attempts.at(-1)
  if (last?.proof !== undefined && last.attempt > 1 && tellsSomething(last.proof, last.error?.waymark?.code))
    fact('proof', proofText(last.proof, count))
  const redone = last?.proof && redoneText(last.proof, mostRedone)
  if (redone !== undefined) fact('redone', redone)
  if (last?.check !== undefined) fact('check', checkText(last.check))
  if (report.proof.items > 0) fact('log', logProofText(report))
  const [next = ''] = nextActions(run, { staleAfterMs: Number.POSITIVE_INFINITY, now })
  if (next.startsWith('waymark ')) fact('next', '', next)
  else fact('next', next)
  return {
    title: `${run.pipeline} ${shortId(run.id)}: ${state}, ${report.percent} %`,
    mark: stateMark(state),
    facts: [itemsText(report), duration(over - run.createdAt), counted(attempts.length, 'attempt')].filter(one => one !== ''),
    rows,
  }
}

function stageText(stage: StageReport, glyphs: Glyphs): string {
  const { counts, workedMs, error, checkpoint, reusedItems, outdated } = stage
  const total = counts?.total
  const parts = [
    counts === undefined ? stage.state : countsText(counts),
    counts === undefined || total === undefined || stage.state === 'completed'
      ? ''
      : `${percent(handled(counts), total)} % of ${count(total)}`,
    workedMs > 0 ? duration(workedMs) : '',
    stage.reused ? 'reused' : reusedItems > 0 ? `${count(reusedItems)} reused` : '',
    checkpoint === undefined ? '' : `${glyphs.checkpoint} ${checkpoint}`,
    error === undefined ? '' : errorText(error),
    outdated === undefined ? '' : `to be done again: ${outdated}`,
  ]
  return parts.filter(part => part !== '').join(', ')
}

function itemsText({ items }: RunReport): string {
  const finished = handled(items)
  if (finished === 0 && items.total === undefined) return ''
  return items.total === undefined || items.total === finished
    ? counted(finished, 'item')
    : `${count(finished)} of ${count(items.total)} items`
}

function attemptText({ attempt, startedAt, endedAt, state, cause, error }: AttemptReport, separator: string): string {
  const why =
    cause === undefined ? (error === undefined ? '' : ` ${separator} ${errorText(error)}`) : ` ${separator} ${causeText(cause)}`
  return `${attempt} ${timeText(startedAt)} ${state} after ${duration(endedAt - startedAt)}${why}`
}

/** What the newest attempt found done; undefined where there was none before. */
function reusedText({ attempts, reused, items }: RunReport): string | undefined {
  if (attempts.length < 2) return undefined
  const finished = handled(items)
  const share = reused.items === 0 || finished === 0 ? '' : ` (${percent(reused.items, finished)} %)`
  const parts = [
    counted(reused.stages, 'stage'),
    ...(reused.items > 0 ? [`${count(reused.items)} of ${count(finished)} items${share}`] : []),
    ...(reused.workedMs > 0 ? [`${duration(reused.workedMs)} of work kept`] : []),
  ]
  return `by attempt ${attempts.length}: ${parts.join(', ')}`
}

function logProofText({ proof, attempts }: RunReport): string {
  const { items, lost, twice } = proof
  if (lost === 0 && twice === 0)
    return `${counted(items, 'item')} recorded once${items === 1 ? '' : ' each'}, none lost, over ${counted(attempts.length, 'attempt')}`
  return `${count(lost)} lost, ${count(twice)} recorded twice of ${counted(items, 'item')}: this is a defect of Waymark, please report it`
}
