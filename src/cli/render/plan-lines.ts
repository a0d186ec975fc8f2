import type { Plan, PlannedStage } from '../../model/plan.ts'
import { padTo, textWidth } from './paint.ts'
import { count } from './quantities.ts'
import { type Glyphs, type Line, line, type Screen, span, type Tone } from './screen.ts'

const marks: Readonly<Record<PlannedStage['action'], { readonly glyph: keyof Glyphs; readonly tone: Tone }>> = {
  reuse: { glyph: 'reused', tone: 'reused' },
  continue: { glyph: 'running', tone: 'active' },
  redo: { glyph: 'redo', tone: 'waiting' },
  run: { glyph: 'running', tone: 'plain' },
}

/** Stages shown one by one; a plan of thousands (stages in a loop) is summed up by action. */
const maxStages = 30

/** What an attempt is going to do and why, before anything runs (X1). */
export function planLines(plan: Plan, shownRun: string, screen: Screen): Line[] {
  const lines: Line[] = [
    [span(`${plan.pipeline} ${screen.glyphs.separator} ${shownRun}`, 'strong'), span(`  ${plan.reason}`)],
    ...plan.notices.map(notice => line(`  note  ${notice}`, 'waiting')),
  ]
  const shown = plan.stages.slice(0, maxStages)
  const columns = Math.min(28, Math.max(0, ...shown.map(stage => textWidth(stage.path))))
  const amounts = shown.map(amountText)
  const amountColumns = Math.max(0, ...amounts.map(textWidth))
  for (const [index, stage] of shown.entries()) {
    const { glyph, tone } = marks[stage.action]
    lines.push([
      span(`  ${screen.glyphs[glyph]} ${stage.action.padEnd(8)}  ${padTo(stage.path, columns)}  `, tone),
      span(amountColumns === 0 ? '' : `${padTo(amounts[index] ?? '', amountColumns)}  `),
      span(stage.expected === true ? `${stage.reason} (expected)` : stage.reason, 'quiet'),
    ])
  }
  if (plan.stages.length > maxStages)
    lines.push(line(`  ${screen.glyphs.ellipsis} and ${restText(plan.stages.slice(maxStages))}`, 'quiet'))
  if (plan.stages.length === 0) lines.push(line('  later stages: unknown until they are called', 'quiet'))
  return lines
}

function amountText(stage: PlannedStage): string {
  if (stage.recorded === undefined) return stage.total === undefined ? '' : count(stage.total)
  return stage.total === undefined || stage.total === stage.recorded
    ? count(stage.recorded)
    : `${count(stage.recorded)} of ${count(stage.total)}`
}

function restText(stages: readonly PlannedStage[]): string {
  const sums = new Map<string, number>()
  for (const stage of stages) sums.set(stage.action, (sums.get(stage.action) ?? 0) + 1)
  return [...sums].map(([action, amount]) => `${count(amount)} to ${action}`).join(', ')
}
