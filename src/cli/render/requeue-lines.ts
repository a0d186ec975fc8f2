import type { Requeued } from '../../engine/requeue-items.ts'
import type { RunSummary } from '../../engine/run-summary.ts'
import { errorText } from './item-lines.ts'
import { cutTo } from './paint.ts'
import { counted } from './quantities.ts'
import { shortId } from './run-label.ts'
import { type Line, line, type Screen, span } from './screen.ts'

const shownKeys = 8
const shownLater = 6

/** What a requeue marked, or would mark, and what comes after it. */
export function requeuedLines(requeued: Requeued, run: RunSummary, next: string | undefined, screen: Screen): Line[] {
  const { redo, ellipsis } = screen.glyphs
  const { planned, total, stages, groups, left, later } = requeued
  const verb = planned ? 'would be called again' : total === 1 ? 'is called again' : 'are called again'
  const rest = left === 0 ? '' : `, ${counted(left, 'stays', 'stay')} set aside`
  const lines: Line[] = [
    [span(`${redo} ${counted(total, 'item')} of ${run.pipeline} ${shortId(run.id)} ${verb}`, 'active'), span(rest)],
  ]
  for (const { stage, keys } of stages) {
    const named = keys.slice(0, shownKeys).map(key => cutTo(key, 60, ellipsis))
    const more = keys.length > shownKeys ? `, ${ellipsis}` : ''
    lines.push([span('  items    ', 'quiet'), span(`${stage}: ${named.join(', ')}${more}`)])
  }
  for (const group of groups.slice(0, 3))
    lines.push([
      span('  because  ', 'quiet'),
      span(`${errorText(group.error)}  (${group.group}, ${counted(group.count, 'item')})`),
    ])
  if (later.length > 0) {
    const names = later.slice(0, shownLater).join(', ') + (later.length > shownLater ? `, ${ellipsis}` : '')
    lines.push([span('  after    ', 'quiet'), span(`${names}: reused; to call them again too add --redo ${later[0] ?? 'STAGE'}`)])
  }
  if (next !== undefined) lines.push([span('  next     ', 'quiet'), span(next)])
  return lines
}

export const nothingRequeuedLines = (run: RunSummary, more = ''): Line[] => [
  line(`nothing is set aside in ${run.pipeline} ${shortId(run.id)}: nothing is called again${more}`),
]
