import type { DamagedCheckpoint, VerifyProblem, VerifyReport } from '../../engine/verify-report.ts'
import type { SameStore } from '../same-store.ts'
import { bytes, count, counted } from './quantities.ts'
import { type Line, line, type Screen, span } from './screen.ts'

const mostShown = 50
const mostIds = 5

/** What a verification found, for people. */
export function verifyLines(report: VerifyReport, screen: Screen, here: SameStore = command => command): Line[] {
  const { glyphs } = screen
  const lines: Line[] = []
  for (const problem of report.problems.slice(0, mostShown)) lines.push(...problemLines(problem, screen))
  if (report.problems.length > mostShown)
    lines.push(line(`  and ${count(report.problems.length - mostShown)} more: ${here('waymark verify --json')}`, 'quiet'))
  lines.push(...damagedLines(report.damaged.filter(({ marked }) => !marked)))
  if (report.noted.length > 0) {
    lines.push(
      line(
        `  ${counted(report.noted.length, 'problem')} that a repair has noted: ${report.noted.map(({ name }) => name).join(', ')}`,
        'quiet',
      ),
    )
  }
  const { recovered } = report
  if (recovered.length > 0) {
    const what = `${counted(recovered.length, 'checkpoint')} marked as damaged ${recovered.length === 1 ? 'loads' : 'load'} again: ${some(recovered)}`
    lines.push(line(`  ${what}`), [span('  do     ', 'quiet'), span(`${here('waymark repair')}  takes the mark off`)])
  }
  for (const notice of report.notices) lines.push(line(`  note  ${notice}`, 'quiet'))
  const { packs, bytes: orphanBytes } = report.orphans
  if (packs > 0) lines.push(line(`  ${counted(packs, 'pack')} of ${bytes(orphanBytes)} that no checkpoint needs`, 'quiet'))
  const looked = [
    counted(report.checkpoints, 'checkpoint'),
    counted(report.packs, 'pack'),
    counted(report.segments, 'segment'),
    `${bytes(report.bytes)} read`,
  ].join(` ${glyphs.separator} `)
  const how = report.full ? 'every byte proven' : 'quick: --full proves every byte'
  if (report.ok && report.damaged.length > 0) {
    const lost = `${counted(report.damaged.length, 'checkpoint')} ${report.damaged.length === 1 ? 'stays' : 'stay'} lost`
    return [
      ...lines,
      ...damagedLines(report.damaged),
      [span(`${glyphs.completed} nothing new`, 'good'), span(`  ${lost}, as a repair noted; all else is intact`)],
      [span('  '), span(`${looked}  ${how}`, 'quiet')],
    ]
  }
  if (report.ok) return [...lines, [span(`${glyphs.completed} intact`, 'good'), span(`  ${looked}`), span(`  ${how}`, 'quiet')]]
  return [
    ...lines,
    [
      span(`${glyphs.failed} damaged`, 'bad'),
      span(`  ${counted(report.problems.length, 'problem')}, ${counted(report.damaged.length, 'checkpoint')} cannot be loaded`),
    ],
    [span('  '), span(`${looked}  ${how}`, 'quiet')],
    [span('  do     ', 'quiet'), span(here('waymark repair'))],
  ]
}

export function problemLines({ kind, message, checkpoints, runs }: VerifyProblem, screen: Screen): Line[] {
  const lines: Line[] = [[span(`${screen.glyphs.failed} ${kind}  `, 'bad'), span(message)]]
  const means = [
    checkpoints.length > 0 ? `${counted(checkpoints.length, 'checkpoint')} cannot be loaded: ${some(checkpoints)}` : '',
    runs.length > 0 ? `records of ${counted(runs.length, 'run')} are lost: ${some(runs)}` : '',
  ].filter(text => text !== '')
  // What a segment held that no catalog remembers nobody knows.
  const none = kind === 'segment' ? 'no checkpoint that is known of is lost by it' : 'no checkpoint is lost by it'
  lines.push([span('  means  ', 'quiet'), span(means.length > 0 ? means.join('; ') : none)])
  return lines
}

/** Which checkpoints are lost, and what to load instead. */
export function damagedLines(damaged: readonly DamagedCheckpoint[]): Line[] {
  const lines = damaged.slice(0, mostShown).map(({ id, run, stage, lastGood }): Line => {
    const place = [run, stage].filter(text => text !== undefined).join('/')
    const instead = lastGood === undefined ? 'no intact one before it' : `last good ${lastGood}`
    return [span('  lost   ', 'quiet'), span(id), span(place === '' ? '' : `  ${place}`), span(`  ${instead}`, 'quiet')]
  })
  return damaged.length > mostShown ? [...lines, line(`  and ${count(damaged.length - mostShown)} more`, 'quiet')] : lines
}

const some = (names: readonly string[]): string =>
  names.length <= mostIds ? names.join(', ') : `${names.slice(0, mostIds).join(', ')} and ${count(names.length - mostIds)} more`
