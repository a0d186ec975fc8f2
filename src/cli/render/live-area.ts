import { padTo } from './paint.ts'
import { progressBar } from './progress-bar.ts'
import { count, counted, duration, etaRange, percent, rate, remaining, roughDuration, successText } from './quantities.ts'
import { handled, type RunProgress, type StageProgress } from './run-progress.ts'
import { type Line, line, type Screen, type Span, span } from './screen.ts'
import { sparkline } from './sparkline.ts'
import { stateMark } from './state-marks.ts'
import { textWidth } from './text-width.ts'

const maxLines = 8
const maxNameColumns = 24
const maxBarColumns = 24
/** From here on there is room for a bar that says something; below, numbers come first. */
const wideColumns = 50
const goodBarColumns = 12
const minBarColumns = 6
const mostSpeeds = 16
const leastSpeeds = 4

/**
 * What is redrawn in place while a run works: the stages that run, those that wait, and what a kill now would cost.
 * At most 8 lines, and always two fewer than the terminal has.
 */
export function liveArea(progress: RunProgress, now: number, screen: Screen): Line[] {
  const room = Math.max(1, Math.min(maxLines, screen.rows - 2))
  const stages = [...progress.stages]
  const running = stages.filter(stage => stage.state === 'running')
  const waiting = stages.filter(stage => stage.state === 'waiting')
  const forStages = Math.max(0, room - 1)
  const rows = [...running, ...waiting]
  const shown = rows.length > forStages ? rows.slice(0, Math.max(0, forStages - 1)) : rows
  const nameColumns = Math.min(maxNameColumns, Math.max(0, ...shown.map(stage => textWidth(stage.name))))
  const lines = shown.map(stage => stageLine(stage, nameColumns, now, screen))
  const hidden = rows.slice(shown.length)
  if (hidden.length > 0 && forStages > 0) lines.push(line(`${screen.glyphs.ellipsis} ${hiddenText(hidden)}`, 'quiet'))
  lines.push(footer(progress, now, screen))
  return lines
}

function hiddenText(hidden: readonly StageProgress[]): string {
  const running = hidden.filter(stage => stage.state === 'running').length
  const parts = [
    running > 0 ? `${count(running)} more running` : '',
    running < hidden.length ? `${count(hidden.length - running)} more waiting` : '',
  ]
  return parts.filter(part => part !== '').join(', ')
}

function stageLine(stage: StageProgress, nameColumns: number, now: number, screen: Screen): Line {
  const mark = stateMark(stage.state)
  const name = span(`${screen.glyphs[mark.glyph]} ${padTo(stage.name, nameColumns)}  `, mark.tone)
  if (stage.state === 'waiting') return [name, span('waiting', 'quiet')]
  const elapsed = duration(now - stage.startedAt)
  const loop = stage.members === undefined ? '' : `${count(stage.members.ended)} done, ${count(stage.members.running)} running  `
  if (stage.counts === undefined) return [name, span(loop === '' ? `running ${elapsed}` : `${loop}${elapsed}`)]
  if (stage.counts.total === undefined) {
    const speed = stage.itemsPerSecond === undefined ? '' : `  ${rate(stage.itemsPerSecond)}`
    return [name, span(`${loop}${count(handled(stage.counts))} items${speed}  ${elapsed}`), ...troubles(stage)]
  }
  return [name, ...measured(stage, stage.counts.total, screen.columns - textWidth(name.text), screen)]
}

/** The part after the name where the total is known: as much as fits beside a bar, the most useful first. */
function measured(stage: StageProgress, total: number, columns: number, screen: Screen): Span[] {
  const done = stage.counts === undefined ? 0 : handled(stage.counts)
  const room = (spans: readonly Span[]) => columns - textWidth(spans.map(part => part.text).join('')) - 2
  const variants = textVariants(stage, done, total, screen)
  const wanted = columns >= wideColumns ? goodBarColumns : minBarColumns
  const chosen = variants.find(spans => room(spans) >= wanted)
  if (chosen === undefined) return [...(variants.at(-1) ?? [])]
  const bar = progressBar({ reused: stage.reused, done, total }, Math.min(maxBarColumns, room(chosen)), screen.glyphs)
  return [...bar, span('  '), ...chosen]
}

/** From all there is to say to the least. */
function textVariants(stage: StageProgress, done: number, total: number, screen: Screen): readonly (readonly Span[])[] {
  const share = `${String(percent(done, total)).padStart(3)} %`
  const amount = `${count(done)}/${count(total)}`
  const reused = stage.reused > 0 ? ` (${count(stage.reused)} reused)` : ''
  const speed = stage.itemsPerSecond === undefined ? '' : rate(stage.itemsPerSecond)
  const eta = stage.etaMs === undefined ? '' : `ETA ${etaRange(stage.etaMs, screen.glyphs.dash)}`
  const shortEta = stage.etaMs === undefined ? '' : `ETA ${remaining(stage.etaMs.likely)}`
  const text = (...parts: readonly string[]) => span(parts.filter(part => part !== '').join('  '))
  return [
    [text(share, `${amount}${reused}`, speed, eta), ...troubles(stage)],
    [text(share, amount, speed, eta), ...troubles(stage)],
    [text(share, amount, speed, shortEta), ...troubles(stage)],
    [text(share, amount, speed, shortEta)],
    [text(share, amount, shortEta)],
    [text(share, shortEta)],
    [text(share)],
  ]
}

function troubles(stage: StageProgress): Span[] {
  const spans: Span[] = []
  if (stage.counts !== undefined && stage.counts.retries > 0)
    spans.push(span(`  retries ${count(stage.counts.retries)}`, 'waiting'))
  if (stage.counts !== undefined && stage.counts.setAside > 0)
    spans.push(span(`  set aside ${count(stage.counts.setAside)} (${successText(stage.counts)} % ok)`, 'waiting'))
  return spans
}

function footer(progress: RunProgress, now: number, screen: Screen): Line {
  if (progress.stopping !== undefined) return line(`  ${progress.stopping}`, 'waiting')
  const { glyphs } = screen
  const parts: string[] = []
  if (progress.savedAt !== undefined) parts.push(`${glyphs.checkpoint} ${roughDuration(now - progress.savedAt)} ago`)
  if (progress.atRisk > 0) parts.push(`at risk ${counted(progress.atRisk, 'item')}`)
  if (progress.startedAt !== undefined) parts.push(`for ${roughDuration(now - progress.startedAt)}`)
  const last = progress.watching ? 'Ctrl-C ends the watching' : 'Ctrl-C stops cleanly'
  const between = ` ${glyphs.separator} `
  // What else there is to say goes before the speeds.
  const room = screen.columns - textWidth(`  ${[...parts, last, ''].join(between)}`)
  const speeds = room < leastSpeeds ? '' : sparkline(progress.speeds, Math.min(mostSpeeds, room), glyphs)
  if (speeds !== '') parts.push(speeds)
  parts.push(last)
  return line(`  ${parts.join(between)}`, 'quiet')
}
