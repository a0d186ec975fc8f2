import type { KeyHistory } from '../../index.ts'
import { pairText, valueText } from './diff-value-text.ts'
import { count, counted, timeText } from './quantities.ts'
import { shortId } from './run-label.ts'
import { type Line, line, type Screen, span } from './screen.ts'

/** `waymark diff --key`: the value at one path over time, oldest first. */
export function keyHistoryLines(history: KeyHistory, screen: Screen): Line[] {
  const { entries, checkpoints, hasMore } = history
  const isOfRuns = new Set(entries.map(entry => entry.run)).size > 1
  const columns = screen.columns > 1000 ? 120 : screen.columns
  const names = entries.map(entry => (isOfRuns && entry.run !== undefined ? shortId(entry.run) : entry.checkpoint))
  const nameColumns = Math.max(0, ...names.map(name => name.length))
  const room = Math.max(20, columns - 22 - nameColumns - 4)
  const lines = entries.map((entry, index): Line => {
    const before = entries[index - 1]
    const head = `  ${timeText(entry.createdAt)}  ${(names[index] ?? '').padEnd(nameColumns)}  `
    if (entry.state !== 'value') return [span(head, 'quiet'), span(entry.state === 'missing' ? 'nothing' : 'damaged', 'waiting')]
    if (before?.state !== 'value') return [span(head, 'quiet'), span(valueText(entry.value, room, screen.glyphs))]
    const { after, note } = pairText(before.value, entry.value, room * 2, screen.glyphs)
    return [span(head, 'quiet'), span(after), span(note === undefined || entry.same ? '' : `  (${note})`, 'quiet')]
  })
  const where = [history.pipeline, history.run === undefined ? undefined : shortId(history.run), history.stage]
  const shown = `${counted(entries.length, 'entry', 'entries')} of ${counted(checkpoints, 'checkpoint')}`
  return [
    line(`${history.path} in ${where.filter(one => one !== undefined).join('/')}`, 'strong'),
    ...lines,
    line(
      `  ${shown}${entries.length < checkpoints ? ', only where it changed' : ''}${hasMore ? `, the newest ${count(checkpoints)}: --limit N for more` : ''}`,
      'quiet',
    ),
  ]
}
