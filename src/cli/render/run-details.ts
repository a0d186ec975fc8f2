import type { Lineage } from '../../engine/fork-lineage.ts'
import type { Checkpoint } from '../../engine/load-checkpoint.ts'
import type { RunReport, StageReport } from '../../engine/run-report.ts'
import type { RunSummary } from '../../engine/run-summary.ts'
import type { StreamSummary } from '../../model/record-stream.ts'
import type { ItemCounts } from '../../model/records.ts'
import { checkText, proofText, tellsSomething } from '../../model/recovery-proof.ts'
import type { StageView } from '../../model/run-view.ts'
import { requestText } from '../../model/stop-request.ts'
import type { RecordedItem } from '../recorded-item.ts'
import { factLine } from './fact-line.ts'
import { lineageTexts } from './lineage-lines.ts'
import { isStale, nextActions } from './next-action.ts'
import { padTo } from './paint.ts'
import { recoveryText } from './plan-lines.ts'
import { positionText } from './position-text.ts'
import { bytes, count, counted, duration, roughDuration } from './quantities.ts'
import { streamSummaryLines } from './record-stream-lines.ts'
import { causeText, shortId, shownStateOf } from './run-label.ts'
import { handled } from './run-progress.ts'
import { type Line, line, type Screen, type Span, span } from './screen.ts'
import { stateMark } from './state-marks.ts'
import { tableFactsLines } from './table-facts-lines.ts'
import { textWidth } from './text-width.ts'
import { timingLines } from './timing-lines.ts'

export interface RunDetails {
  readonly run: RunSummary
  /** All its stages, or the one the address names with what is inside it. */
  readonly stages: readonly StageView[]
  /** The runs it was forked from, and those forked from them. */
  readonly lineage?: Lineage | undefined
  /** Set where the address names an item. */
  readonly item?: RecordedItem | undefined
  /** False where the address names a stage: others are not spoken of. */
  readonly wholeRun: boolean
  /** The result of the one stage that the address names, where it is or holds tables. */
  readonly tablesOf?: Checkpoint | undefined
  /** Sizes of the stages' checkpoints, by id. */
  readonly checkpointBytes: ReadonlyMap<string, number>
  readonly notices: readonly string[]
  /** Its record streams, where the address names no stage. */
  readonly records?: readonly StreamSummary[] | undefined
  /** Where the time went, if that is asked for: of the stages that are shown. */
  readonly timed?: RunReport | undefined
  /** Undefined: 24 hours. */
  readonly staleAfterMs?: number | undefined
}

/** Stages shown one by one; of more, the unfinished come first. */
const maxStages = 40

/** `waymark show`: what it is, why it ended, what is safe, stage by stage, and what to do next. */
export function runDetailLines(details: RunDetails, now: number, screen: Screen): Line[] {
  const { run } = details
  const state = shownStateOf(run)
  const mark = stateMark(state)
  const over = run.endedAt ?? (state === 'crashed' ? run.updatedAt : undefined)
  const { separator } = screen.glyphs
  const facts = [
    over === undefined
      ? `for ${duration(now - run.createdAt)}`
      : `${roughDuration(now - over)} ago after ${duration(over - run.createdAt)}`,
    `attempt ${run.attempt}`,
    ...(run.owner === undefined ? [] : [`process ${run.owner.pid} on ${run.owner.host}`]),
  ]
  const lines: Line[] = [
    [
      span(`${screen.glyphs[mark.glyph]} `, mark.tone),
      span(`${run.pipeline} ${run.id}`, 'strong'),
      span(` ${separator} `),
      span(state, mark.tone),
      span(` ${facts.join(` ${separator} `)}`),
    ],
  ]
  const fact = (label: string, text: string) => lines.push(factLine(label, text))
  if (run.cause !== undefined) fact('cause', causeText(run.cause))
  if (run.error !== undefined) fact('error', errorText(run.error.name, run.error.message))
  if (run.request !== undefined) fact('by', `${requestText(run.request)}, ${roughDuration(now - run.request.time)} ago`)
  if (isStale(run, { staleAfterMs: details.staleAfterMs, now }))
    fact('stale', `nothing was recorded for ${roughDuration(now - run.updatedAt)}: it goes on only when that is accepted`)
  if (run.recovery !== undefined && run.recovery.type !== 'fresh') fact('began', recoveryText(run.recovery))
  if (
    run.proof !== undefined &&
    (run.attempt > 1 || run.forkedFrom !== undefined) &&
    tellsSomething(run.proof, run.error?.waymark?.code)
  )
    fact('proof', proofText(run.proof, count))
  if (run.check !== undefined) fact('check', checkText(run.check))
  if (run.errorCheckpoint !== undefined)
    fact('kept', `${screen.glyphs.checkpoint} ${run.errorCheckpoint} (type error): waymark show ${run.errorCheckpoint} --value`)
  for (const [index, text] of lineageTexts(details.lineage, run.id, screen).entries()) fact(index === 0 ? 'lineage' : '', text)
  const params = paramsText(run.params)
  if (params !== undefined) fact('params', params)
  if (run.file !== undefined) fact('file', run.file)
  for (const notice of details.notices) fact('note', notice)
  if (details.item !== undefined) fact('item', itemText(details.item, now))
  lines.push(...stageLines(details, now, screen))
  if (details.timed !== undefined) lines.push(...timingLines(details.timed, timedStages(details, details.timed), screen))
  if (details.tablesOf !== undefined) lines.push(...tableFactsLines(details.tablesOf, screen))
  lines.push(...streamSummaryLines(details.records ?? []))
  const setAside = details.stages.reduce((sum, { counts }) => sum + (counts?.setAside ?? 0), 0)
  if (setAside > 0) fact('aside', `${counted(setAside, 'item')} set aside: waymark items ${shortId(run.id)} --set-aside`)
  fact('next', nextActions(run, { staleAfterMs: details.staleAfterMs, now }).join(` ${separator} `))
  return lines
}

function timedStages({ stages }: RunDetails, report: RunReport): readonly StageReport[] {
  const shown = new Set(stages.map(({ path }) => path))
  return report.stages.filter(({ path }) => shown.has(path))
}

function stageLines(details: RunDetails, now: number, screen: Screen): Line[] {
  const { stages } = details
  const open = stages.filter(stage => stage.state !== 'completed')
  const shown = new Set(
    stages.length <= maxStages ? stages : [...open, ...stages.filter(stage => stage.state === 'completed')].slice(0, maxStages),
  )
  const rows = stages.filter(stage => shown.has(stage))
  const columns = Math.min(32, Math.max(0, ...rows.map(stage => textWidth(stage.path))))
  const lines: Line[] = rows.map(stage => stageRow(stage, columns, details, now, screen))
  const started = new Set(stages.map(stage => stage.path))
  const missing = details.wholeRun ? details.run.declaredStages.filter(name => !started.has(name)) : []
  for (const name of missing) lines.push([span(`  ${screen.glyphs.waiting} ${padTo(name, columns)}  not started`, 'quiet')])
  if (stages.length > rows.length)
    lines.push(line(`  ${screen.glyphs.ellipsis} and ${count(stages.length - rows.length)} more stages`, 'quiet'))
  return lines
}

function stageRow(stage: StageView, columns: number, details: RunDetails, now: number, screen: Screen): Span[] {
  // A stage of a run that nobody works on does not run, whatever was recorded last.
  const dead = stage.state === 'running' && details.run.owner === undefined
  const crashed = stage.state === 'running' && shownStateOf(details.run) === 'crashed'
  let state: Parameters<typeof stateMark>[0] = stage.state
  if (dead) state = 'paused'
  if (crashed) state = 'crashed'
  const mark = stateMark(state)
  const size = stage.checkpointId === undefined ? undefined : details.checkpointBytes.get(stage.checkpointId)
  const parts = [
    stage.counts === undefined ? '' : itemsText(stage.counts, stage.state === 'completed'),
    stage.durationMs === undefined ? '' : duration(stage.durationMs),
    stage.state === 'running' && !dead && !crashed ? `since ${duration(now - stage.startedAt)}` : '',
    stage.checkpointId === undefined
      ? ''
      : `${screen.glyphs.checkpoint} ${stage.checkpointId}${size === undefined ? '' : ` (${bytes(size)})`}`,
    stage.output === undefined ? '' : `-> ${stage.output.path} (${positionText(stage.output)})`,
    stage.error === undefined ? '' : errorText(stage.error.name, stage.error.message),
    stage.requeued === undefined ? '' : `${counted(stage.requeued, 'item is', 'items are')} called again when the run goes on`,
    stage.reset === true ? 'reset: called again when the run goes on' : '',
    stage.inheritedFrom === undefined ? '' : `from ${shortId(stage.inheritedFrom)}`,
  ]
  return [
    span(`  ${screen.glyphs[mark.glyph]} ${padTo(stage.path, columns)}  ${state.padEnd(9)}`, mark.tone),
    span(`  ${parts.filter(part => part !== '').join('  ')}`),
  ]
}

/** `41,200 of 60,000 items (108 skipped)`. */
function itemsText(counts: ItemCounts, completed: boolean): string {
  const notes = [
    counts.skipped > 0 ? `${count(counts.skipped)} skipped` : '',
    counts.setAside > 0 ? `${count(counts.setAside)} set aside` : '',
    counts.retries > 0 ? counted(counts.retries, 'retry', 'retries') : '',
  ].filter(note => note !== '')
  const amount = completed || counts.total === undefined ? '' : ` of ${count(counts.total)}`
  return `${count(handled(counts))}${amount} items${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`
}

function itemText({ key, state, at, error }: RecordedItem, now: number): string {
  const when = at === undefined ? '' : ` ${roughDuration(now - at)} ago`
  const why = error === undefined ? '' : `: ${errorText(error.name, error.message)}`
  return `${key} ${state}${when}${why}`
}

const errorText = (name: string, message: string): string => `${name}: ${message.split('\n')[0] ?? ''}`

function paramsText(params: unknown): string | undefined {
  const text = JSON.stringify(params, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return text === undefined || text === '{}' ? undefined : text
}
