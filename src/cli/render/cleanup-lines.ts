import type { CleanUpReport } from '../../engine/clean-up.ts'
import { bytes, counted } from './quantities.ts'
import { type Line, line, type Screen, span } from './screen.ts'

/** What a cleanup deleted or would delete, and what it keeps and why. */
export function cleanUpLines(report: CleanUpReport, screen: Screen): Line[] {
  const { planned, removed, storedBytes, kept, olderThanDays } = report
  const { completed, redo } = screen.glyphs
  const runs = new Set(removed.map(({ run }) => run)).size
  const what = `${counted(removed.length, 'checkpoint')} of ${counted(runs, 'run')} that ended more than ${counted(olderThanDays, 'day')} ago`
  const lines: Line[] = []
  if (removed.length === 0)
    lines.push([span(`${completed} nothing to delete`, 'good'), span(`  no checkpoint is old enough, or all are kept`)])
  else if (planned) lines.push([span(`${redo} would delete `, 'waiting'), span(what)])
  else lines.push([span(`${completed} deleted `, 'good'), span(what)])
  if (removed.length > 0)
    lines.push([span('  bytes    ', 'quiet'), span(`${bytes(storedBytes)} as they were saved; freed by a prune, not by this`)])
  for (const { reason, checkpoints, storedBytes: keptBytes } of kept)
    lines.push([span('  keeps    ', 'quiet'), span(`${counted(checkpoints, 'checkpoint')}, ${bytes(keptBytes)}: ${reason}`)])
  if (kept.length === 0 && removed.length === 0) lines.push(line('  there are no checkpoints', 'quiet'))
  return lines
}
