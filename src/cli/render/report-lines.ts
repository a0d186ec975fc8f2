import type { AttemptReport, RunReport, StageReport } from '../../engine/run-report.ts'
import type { RunSummary } from '../../engine/store.ts'
import { checkText, proofText } from '../../model/recovery-proof.ts'
import { errorText } from './item-lines.ts'
import { nextCommands } from './next-action.ts'
import { padTo, textWidth } from './paint.ts'
import { count, counted, duration, percent, timeText } from './quantities.ts'
import { causeText, shortId, shownStateOf } from './run-label.ts'
import { handled } from './run-progress.ts'
import { type Line, line, type Screen, span } from './screen.ts'
import { countsText } from './stage-line.ts'
import { stateMark } from './state-marks.ts'

const mostStages = 40
const mostAttempts = 5
const mostGroups = 5

/** `waymark report RUN`: one run over all its stages; as Markdown it fits a chat message. */
export function reportLines(run: RunSummary, report: RunReport, now: number, markdown: boolean, screen: Screen): Line[] {
  const { separator, ellipsis } = screen.glyphs
  const state = shownStateOf(run)
  const mark = stateMark(state)
  const over = run.endedAt ?? (state === 'crashed' ? run.updatedAt : now)
  const head = `${run.pipeline} ${shortId(run.id)}: ${state}, ${report.percent} %`
  const facts = [itemsText(report), duration(over - run.createdAt), counted(report.attempts.length, 'attempt')].filter(
    one => one !== '',
  )
  const lines: Line[] = markdown
    ? [line(`**${screen.glyphs[mark.glyph]} ${markdownText(head)}** ${separator} ${markdownText(facts.join(` ${separator} `))}`)]
    : [[span(`${screen.glyphs[mark.glyph]} ${head}`, mark.tone), span(` ${separator} ${facts.join(` ${separator} `)}`)]]
  const fact = (label: string, text: string) =>
    lines.push(markdown ? line(`- ${label}: ${markdownText(text)}`) : [span(`  ${label.padEnd(8)} `, 'quiet'), span(text)])
  const command = (label: string, text: string, commands: string) =>
    lines.push(
      markdown
        ? line(`- ${label}: ${markdownText(text)}${text === '' ? '' : ' '}\`${commands}\``)
        : [span(`  ${label.padEnd(8)} `, 'quiet'), span(`${text}${text === '' ? '' : '  '}${commands}`)],
    )

  if (run.cause !== undefined) fact('cause', causeText(run.cause))
  if (run.error !== undefined) fact('error', errorText(run.error))
  lines.push(...stageLines(report, markdown, screen))
  if (report.stages.length > mostStages)
    lines.push(line(`${markdown ? '- ' : '  '}${ellipsis} and ${counted(report.stages.length - mostStages, 'more stage')}`))
  for (const group of report.setAside.slice(0, mostGroups))
    command(
      'aside',
      `${counted(group.count, 'item')} of ${group.stage}: ${errorText(group.error)}`,
      `waymark items ${shortId(run.id)} --group ${group.group}`,
    )
  if (report.setAside.length > mostGroups) fact('aside', `and ${counted(report.setAside.length - mostGroups, 'more group')}`)
  for (const attempt of report.attempts.slice(-mostAttempts))
    if (report.attempts.length > 1) fact('attempt', attemptText(attempt, separator))
  const reused = reusedText(report)
  if (reused !== undefined) fact('reused', reused)
  const last = report.attempts.at(-1)
  if (last?.proof !== undefined && last.attempt > 1) fact('proof', proofText(last.proof, count))
  if (last?.check !== undefined) fact('check', checkText(last.check))
  if (report.proof.items > 0) fact('log', logProofText(report))
  command('next', '', nextCommands(state, run.id)[0] ?? '')
  return lines
}

function stageLines({ stages }: RunReport, markdown: boolean, screen: Screen): Line[] {
  const shown = stages.slice(0, mostStages)
  const columns = Math.min(32, Math.max(0, ...shown.map(({ path }) => textWidth(path))))
  return shown.map(stage => {
    const mark = stateMark(stage.reused ? 'reused' : stage.state)
    const text = stageText(stage, screen)
    if (markdown) return line(`- ${screen.glyphs[mark.glyph]} ${markdownText(`${stage.path} ${text}`)}`)
    return [span(`  ${screen.glyphs[mark.glyph]} ${padTo(stage.path, columns)}`, mark.tone), span(`  ${text}`)]
  })
}

function stageText(stage: StageReport, screen: Screen): string {
  const { counts, workedMs, error, checkpoint, reusedItems, outdated } = stage
  const total = counts?.total
  const parts = [
    counts === undefined ? stage.state : countsText(counts),
    counts === undefined || total === undefined || stage.state === 'completed'
      ? ''
      : `${percent(handled(counts), total)} % of ${count(total)}`,
    workedMs > 0 ? duration(workedMs) : '',
    stage.reused ? 'reused' : reusedItems > 0 ? `${count(reusedItems)} reused` : '',
    checkpoint === undefined ? '' : `${screen.glyphs.checkpoint} ${checkpoint}`,
    error === undefined ? '' : errorText(error),
    outdated === undefined ? '' : `to be done again: ${outdated}`,
  ]
  return parts.filter(part => part !== '').join(', ')
}

function itemsText({ items }: RunReport): string {
  const finished = handled(items)
  if (finished === 0 && items.total === undefined) return ''
  return items.total === undefined || items.total === finished
    ? counted(finished, 'item')
    : `${count(finished)} of ${count(items.total)} items`
}

function attemptText({ attempt, startedAt, endedAt, state, cause, error }: AttemptReport, separator: string): string {
  const why =
    cause === undefined ? (error === undefined ? '' : ` ${separator} ${errorText(error)}`) : ` ${separator} ${causeText(cause)}`
  return `${attempt} ${timeText(startedAt)} ${state} after ${duration(endedAt - startedAt)}${why}`
}

/** What the newest attempt found done; undefined where there was none before. */
function reusedText({ attempts, reused, items }: RunReport): string | undefined {
  if (attempts.length < 2) return undefined
  const finished = handled(items)
  const share = reused.items === 0 || finished === 0 ? '' : ` (${percent(reused.items, finished)} %)`
  const parts = [
    counted(reused.stages, 'stage'),
    ...(reused.items > 0 ? [`${count(reused.items)} of ${count(finished)} items${share}`] : []),
    ...(reused.workedMs > 0 ? [`${duration(reused.workedMs)} of work kept`] : []),
  ]
  return `by attempt ${attempts.length}: ${parts.join(', ')}`
}

function logProofText({ proof, attempts }: RunReport): string {
  const { items, lost, twice } = proof
  if (lost === 0 && twice === 0)
    return `${counted(items, 'item')} recorded once${items === 1 ? '' : ' each'}, none lost, over ${counted(attempts.length, 'attempt')}`
  return `${count(lost)} lost, ${count(twice)} recorded twice of ${counted(items, 'item')}: this is a defect of Waymark, please report it`
}

/** Text of users inside Markdown: what would be formatting is escaped, a line stays a line. */
export const markdownText = (text: string): string => text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\`*_[\]<>|#~]/g, '\\$&')
