import type { RunReport, StageReport } from '../../engine/run-report.ts'
import type { OperationTime, StageTimings } from '../../model/timings.ts'
import { fitColumns } from './fit-columns.ts'
import { count, counted } from './quantities.ts'
import { type Line, line, type Screen, type Span, span } from './screen.ts'
import { type Column, tableLines } from './table-lines.ts'

/** Stages shown one by one; of more, those that took longest. */
const maxStages = 40
const leastPathColumns = 16
const indent = 2

const columns: readonly Column[] = [
  { title: 'where the time went', align: 'left' },
  { title: 'ms', align: 'right' },
  { title: 'share', align: 'right' },
  { title: 'cpu ms', align: 'right' },
  { title: 'ms beside others', align: 'right' },
]

/** `waymark show --timings`: of each of these stages, what its time went to. */
export function timingLines(report: Pick<RunReport, 'timings'>, stages: readonly StageReport[], screen: Screen): Line[] {
  const measured = stages.filter(({ timings }) => timings !== undefined)
  if (measured.length === 0 && report.timings === undefined)
    return [line('  where the time went: not measured: an older version, or nothing has ended yet')]
  const longest = [...stages].sort((a, b) => (b.timings?.wallMs ?? 0) - (a.timings?.wallMs ?? 0)).slice(0, maxStages)
  const shown = new Set(longest)
  const rows = stages.filter(stage => shown.has(stage)).flatMap(({ path, timings }) => stageRows(path, timings))
  if (report.timings !== undefined) rows.push(...stageRows('(beside the stages)', report.timings))
  const titles = columns.map(({ title }) => title)
  const fitted = fitColumns(titles, rows, [{ index: 0, least: leastPathColumns }], {
    ...screen,
    columns: screen.columns - indent,
  })
  const lines = tableLines(columns, fitted).map((spans): Line => [span(' '.repeat(indent)), ...spans])
  if (stages.length > shown.size)
    lines.push(
      line(`  ${screen.glyphs.ellipsis} and ${counted(stages.length - shown.size, 'more stage')} that took less`, 'quiet'),
    )
  return lines
}

function stageRows(path: string, timings: StageTimings | undefined): Span[][] {
  if (timings === undefined) return [row(span(path, 'strong'), 'not measured', '', '', '')]
  const { wallMs, otherMs, overlapMs } = timings
  const rows = [
    row(span(path, 'strong'), wallMs === 0 ? '' : milliseconds(wallMs), '', '', overlapMs === 0 ? '' : milliseconds(overlapMs)),
  ]
  for (const operation of timings.operations) rows.push(operationRow(operation, wallMs))
  if (otherMs > 0) rows.push(row(span('  other'), milliseconds(otherMs), percentText(otherMs / wallMs), '', ''))
  return rows
}

function operationRow({ operation, ms, share, cpuMs, besideMs }: OperationTime, wallMs: number): Span[] {
  return row(
    span(`  ${operation}`),
    milliseconds(ms),
    wallMs === 0 ? '' : percentText(share),
    cpuMs === undefined ? '' : milliseconds(cpuMs),
    besideMs === 0 ? '' : milliseconds(besideMs),
  )
}

const row = (name: Span, ...texts: readonly string[]): Span[] => [name, ...texts.map(text => span(text))]

/** `18,213`, `9.4`, `0.04`: never nothing. */
function milliseconds(ms: number): string {
  if (ms >= 9.95) return count(ms)
  return ms >= 0.095 ? ms.toFixed(1) : Math.max(0.001, ms).toFixed(ms >= 0.01 ? 2 : 3)
}

function percentText(share: number): string {
  const percent = share * 100
  return percent > 0 && percent < 0.95 ? '< 1 %' : `${Math.round(percent)} %`
}
