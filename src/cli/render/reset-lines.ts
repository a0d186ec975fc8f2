import type { ResetReport } from '../../engine/reset-run.ts'
import type { WaymarkError } from '../../model/errors.ts'
import { bytes, count, counted, duration } from './quantities.ts'
import { shortId } from './run-label.ts'
import { type Line, line, type Screen, span } from './screen.ts'

/** What was, or would be, reset, and what is left alone because a process works on it. */
export interface ResetOutcome {
  readonly resets: readonly ResetReport[]
  readonly live: readonly { readonly run: string; readonly error: WaymarkError }[]
}

/** Runs told one by one. */
const mostRuns = 10

/** What a reset would throw away. */
export function resetPlanLines({ resets, live }: ResetOutcome, screen: Screen): Line[] {
  const full = resets.filter(({ empty }) => !empty)
  const lines = full.slice(0, mostRuns).map(report => lostLine(report, screen))
  if (full.length > mostRuns) lines.push(restLine(full, screen))
  const pinned = full.reduce((sum, one) => sum + one.pinned, 0)
  if (pinned > 0) lines.push([span('  stays    ', 'quiet'), span(`${counted(pinned, 'pinned checkpoint')}`)])
  lines.push(...keptLines(full))
  lines.push(...liveLines(live, screen))
  lines.push([span('  stays    ', 'quiet'), span('output files, and what the log says of the runs')])
  return lines
}

/** What a reset threw away. */
export function resetLines({ resets, live }: ResetOutcome, screen: Screen): Line[] {
  const { completed } = screen.glyphs
  const full = resets.filter(({ empty }) => !empty)
  if (full.length === 0) return [line('nothing to reset: nothing is recorded that counts'), ...liveLines(live, screen)]
  const lines: Line[] = full.slice(0, mostRuns).map(report => [span(`${completed} reset `, 'good'), span(doneText(report))])
  if (full.length > mostRuns) lines.push(restLine(full, screen))
  lines.push(...keptLines(full))
  lines.push(...liveLines(live, screen))
  const [first] = full
  if (first?.stage !== undefined) lines.push(line(`next: waymark resume ${shortId(first.run)}`, 'quiet'))
  else lines.push(line('next: waymark run FILE begins anew; bytes of deleted checkpoints stay until they are pruned', 'quiet'))
  return lines
}

/** What runs forked from these stand on. */
const keptLines = (reports: readonly ResetReport[]): Line[] =>
  reports
    .filter(({ forked }) => forked > 0)
    .slice(0, mostRuns)
    .map(({ forked, forks }) => [
      span('  kept     ', 'quiet'),
      span(`${counted(forked, 'checkpoint')}: forked by ${forks.map(shortId).join(', ')}`),
    ])

const lostLine = (report: ResetReport, screen: Screen): Line => [
  span(`${screen.glyphs.redo} throws away `, 'waiting'),
  span(lostText(report)),
]

const restLine = (full: readonly ResetReport[], screen: Screen): Line =>
  line(
    `  ${screen.glyphs.ellipsis} and ${count(full.length - mostRuns)} more runs, ${amountText(sumOf(full.slice(mostRuns)))}`,
    'quiet',
  )

function lostText(report: ResetReport): string {
  const what = report.stage === undefined ? '' : ` ${report.stage} of`
  return `${what === '' ? '' : `${what.trim()} `}${report.pipeline} ${shortId(report.run)}: ${amountText(report)}`
}

const doneText = (report: ResetReport): string =>
  report.stage === undefined
    ? `${report.pipeline} ${shortId(report.run)}: cancelled, ${amountText(report)} thrown away`
    : `${report.stage} of ${report.pipeline} ${shortId(report.run)}: called again when the run goes on`

function amountText({ stages, items, workMs, checkpoints, storedBytes }: Amount): string {
  const parts = [
    counted(stages.length, 'stage'),
    ...(items > 0 ? [counted(items, 'item')] : []),
    ...(workMs > 0 ? [`${duration(workMs)} of work`] : []),
    ...(checkpoints > 0 ? [`${counted(checkpoints, 'checkpoint')} (${bytes(storedBytes)})`] : []),
  ]
  return parts.join(', ')
}

type Amount = Pick<ResetReport, 'stages' | 'items' | 'workMs' | 'checkpoints' | 'storedBytes'>

const sumOf = (reports: readonly ResetReport[]): Amount => ({
  stages: reports.flatMap(({ stages }) => stages),
  items: reports.reduce((sum, one) => sum + one.items, 0),
  workMs: reports.reduce((sum, one) => sum + one.workMs, 0),
  checkpoints: reports.reduce((sum, one) => sum + one.checkpoints, 0),
  storedBytes: reports.reduce((sum, one) => sum + one.storedBytes, 0),
})

const liveLines = (live: ResetOutcome['live'], screen: Screen): Line[] =>
  live
    .slice(0, mostRuns)
    .map(({ run }) => [span(`${screen.glyphs.running} left alone `, 'active'), span(`${shortId(run)} is being worked on`)])
