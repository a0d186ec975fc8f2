import type { ItemCounts } from '../../model/records.ts'
import type { StageCompletedEvent } from '../../model/run-events.ts'
import { bytes, count, counted, duration } from './quantities.ts'
import { type Line, type Screen, span } from './screen.ts'
import { stateMark } from './state-marks.ts'

/** `58 items`, `56 items, 2 skipped, 3 retries`. */
export function countsText(counts: ItemCounts): string {
  const parts = [counted(counts.done, 'item')]
  if (counts.skipped > 0) parts.push(`${count(counts.skipped)} skipped`)
  if (counts.setAside > 0) parts.push(`${count(counts.setAside)} set aside`)
  if (counts.retries > 0) parts.push(counted(counts.retries, 'retry', 'retries'))
  return parts.join(', ')
}

/** The lasting line of a stage that has just ended well. */
export function completedLine(event: StageCompletedEvent, screen: Screen): Line {
  const facts = [duration(event.durationMs)]
  if (event.counts !== undefined) facts.unshift(countsText(event.counts))
  if (event.checkpoint !== undefined) facts.push(`${screen.glyphs.checkpoint} saved ${bytes(event.checkpoint.logicalBytes)}`)
  if (event.output !== undefined) facts.push(`-> ${event.output}`)
  return marked('completed', event.stage, facts, screen)
}

export const reusedLine = (stage: string, counts: ItemCounts | undefined, screen: Screen): Line =>
  marked('reused', stage, ['reused', ...(counts === undefined ? [] : [countsText(counts)])], screen)

export const failedLine = (stage: string, message: string, screen: Screen): Line =>
  marked('failed', stage, ['failed', message], screen)

function marked(state: 'completed' | 'reused' | 'failed', stage: string, facts: readonly string[], screen: Screen): Line {
  const mark = stateMark(state)
  return [span(`${screen.glyphs[mark.glyph]} ${stage}`, mark.tone), span(`  ${facts.join(`  ${screen.glyphs.separator} `)}`)]
}
