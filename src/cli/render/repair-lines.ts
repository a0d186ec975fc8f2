import type { RepairAction, RepairReport, UndoReport } from '../../engine/repair-report.ts'
import type { SameStore } from '../same-store.ts'
import { count, counted } from './quantities.ts'
import { type Line, line, type Screen, span } from './screen.ts'
import { damagedLines, problemLines } from './verify-lines.ts'

const mostMarks = 20
const nothing = 'nothing to repair'

/** What a repair did, or would do, for people. */
export function repairLines(report: RepairReport, screen: Screen, here: SameStore = command => command): Line[] {
  const { glyphs } = screen
  const lines: Line[] = []
  const marks = report.actions.filter(({ does }) => does === 'mark')
  for (const action of report.actions) if (action.does !== 'mark') lines.push(actionLine(action, screen))
  for (const action of marks.slice(0, mostMarks)) lines.push(actionLine(action, screen))
  if (marks.length > mostMarks)
    lines.push(line(`  and ${count(marks.length - mostMarks)} more checkpoints are marked as damaged`, 'quiet'))
  for (const problem of report.left) lines.push(...problemLines(problem, screen))
  lines.push(...damagedLines(report.damaged))
  for (const { run, stage, items, runState, lostRun } of report.costs) {
    const what = items === undefined ? 'is called again' : `calls ${counted(items, 'item')} again`
    const when =
      lostRun === true
        ? `: records of run ${run} are lost, so it is begun anew`
        : runState === 'completed'
          ? `if run ${run} is done anew`
          : `when run ${run} goes on`
    lines.push([span('  costs  ', 'waiting'), span(`${stage} ${what}${lostRun === true ? '' : ' '}${when}`)])
  }
  if (report.actions.length === 0) {
    const rest = report.left.length === 0 ? 'the store is intact' : 'what is lost is noted already'
    return [...lines, [span(`${glyphs.completed} ${nothing}`, 'good'), span(`  ${rest}`, 'quiet')]]
  }
  if (report.id === undefined) return lines
  return [
    ...lines,
    [
      span(`${glyphs.completed} repaired`, 'good'),
      span(`  ${counted(report.actions.length, 'action')}; what was changed is kept in aside/${report.id}`),
    ],
    [span('  undo   ', 'quiet'), span(here(`waymark repair --undo ${report.id}`))],
  ]
}

export function undoLines({ id, files, checkpoints, runs, keptRuns, already }: UndoReport, screen: Screen): Line[] {
  if (already === true) return [line(`repair ${id} was undone before: nothing was changed`)]
  const parts = [counted(files.length, 'file'), counted(checkpoints.length, 'checkpoint')]
  const what = (runs.length === 0 ? parts : [...parts, counted(runs.length, 'run')]).join(' and ')
  return [
    [span(`${screen.glyphs.completed} undone`, 'good'), span(`  repair ${id}: ${what} as they were`)],
    ...keptRuns.map(({ run, reason }): Line => [span('  stays  ', 'waiting'), span(`run ${run} as it is: ${reason}`)]),
  ]
}

const actionLine = ({ kind, name, does, reason }: RepairAction, screen: Screen): Line => [
  span(`${screen.glyphs.redo} ${does} `, 'active'),
  span(`${kind} ${name}`),
  span(`  ${reason}`, 'quiet'),
]
