import type { Plan, PlannedStage } from '../../model/plan.ts'
import type { Recovery } from '../../model/recovery-type.ts'
import { padTo } from './paint.ts'
import { count, counted, duration } from './quantities.ts'
import { type Glyphs, type Line, line, type Screen, span, type Tone } from './screen.ts'
import { textWidth } from './text-width.ts'

const marks: Readonly<Record<PlannedStage['action'], { readonly glyph: keyof Glyphs; readonly tone: Tone }>> = {
  reuse: { glyph: 'reused', tone: 'reused' },
  continue: { glyph: 'running', tone: 'active' },
  redo: { glyph: 'redo', tone: 'waiting' },
  run: { glyph: 'running', tone: 'plain' },
  later: { glyph: 'waiting', tone: 'quiet' },
}

/** Stages shown one by one; a plan of thousands (stages in a loop) is summed up by action. */
const maxStages = 30

/** What an attempt is going to do and why, before anything runs (X1). */
export function planLines(plan: Plan, shownRun: string, screen: Screen): Line[] {
  const recovery = plan.recovery === undefined || plan.kind === 'new' ? '' : `  (${recoveryText(plan.recovery)})`
  const lines: Line[] = [
    [
      span(`${plan.pipeline} ${screen.glyphs.separator} ${shownRun}`, 'strong'),
      span(`  ${plan.reason}`),
      span(recovery, 'quiet'),
    ],
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
    if (stage.again === undefined || stage.again === 0) continue
    lines.push([
      span(`  ${screen.glyphs.redo} redo      ${padTo(stage.path, columns)}  `, 'waiting'),
      span(`${padTo(`about ${count(stage.again)}`, amountColumns)}  `),
      span('finished and not saved when the process died', 'quiet'),
    ])
  }
  if (plan.stages.length > maxStages)
    lines.push(line(`  ${screen.glyphs.ellipsis} and ${restText(plan.stages.slice(maxStages))}`, 'quiet'))
  if (plan.stages.length === 0) lines.push(line('  later stages: unknown until they are called', 'quiet'))
  const sum = plan.kind === 'new' ? '' : sumText(plan, screen)
  if (sum !== '') lines.push(line(`  ${sum}`))
  return lines
}

/** `retry 1 of 3 after 1.0 s`, `resume`; with the restarts so far, where there were more. */
export function recoveryText({ type, restart, restarts, backoffMs, restartsInAll }: Recovery): string {
  const which = restart === undefined ? type : `${type} ${restart} of ${restarts ?? restart} after ${duration(backoffMs ?? 0)}`
  const others = restartsInAll === undefined || restartsInAll === restart ? '' : `, ${counted(restartsInAll, 'restart')} in all`
  return `${which}${others}`
}

function amountText({ recorded, total, redo, action }: PlannedStage): string {
  const amount = action === 'redo' ? redo : recorded
  if (amount === undefined) return total === undefined ? '' : count(total)
  return total === undefined || total === amount ? count(amount) : `${count(amount)} of ${count(total)}`
}

/** `keeps 14 m 01 s of work; 41,200 reused + 312 redone + 18,488 to run = 60,000 items`. */
function sumText({ items, keptMs }: Plan, screen: Screen): string {
  const parts: string[] = []
  if (keptMs !== undefined && keptMs >= 1) parts.push(`keeps ${duration(keptMs)} of work`)
  if (items !== undefined) {
    const sums = [
      { amount: items.reuse, text: 'reused' },
      { amount: items.redo, text: 'redone' },
      { amount: items.run, text: 'to run' },
    ].filter(({ amount }) => amount > 0)
    const [only] = sums
    if (only !== undefined && sums.length === 1) parts.push(`${counted(only.amount, 'item')} ${only.text}`)
    else parts.push(`${sums.map(({ amount, text }) => `${count(amount)} ${text}`).join(' + ')} = ${counted(items.total, 'item')}`)
  }
  return parts.join(` ${screen.glyphs.separator} `)
}

function restText(stages: readonly PlannedStage[]): string {
  const sums = new Map<string, number>()
  for (const stage of stages) sums.set(stage.action, (sums.get(stage.action) ?? 0) + 1)
  return [...sums].map(([action, amount]) => `${count(amount)} to ${action}`).join(', ')
}
