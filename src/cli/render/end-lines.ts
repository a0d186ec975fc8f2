import type { ErrorJson } from '../../model/errors.ts'
import type { StoredError } from '../../model/records.ts'
import { checkText, proofText, redoneText, tellsSomething } from '../../model/recovery-proof.ts'
import { unreachedText } from '../../model/unreached-stage.ts'
import type { ShownValue } from '../child-protocol.ts'
import { errorLines } from './error-lines.ts'
import { factLine } from './fact-line.ts'
import { bytes, count, counted, duration } from './quantities.ts'
import { streamSummaryLines } from './record-stream-lines.ts'
import { shortId } from './run-label.ts'
import type { RunProgress, StageProgress } from './run-progress.ts'
import { type Line, line, type Screen, type Span, span } from './screen.ts'
import { countsText } from './stage-line.ts'
import { stateMark } from './state-marks.ts'

/** How a command that runs a pipeline ended. */
export interface RunEnd {
  readonly state: 'completed' | 'planned' | 'paused' | 'cancelled' | 'failed'
  readonly exitCode: number
  readonly run: string | undefined
  readonly durationMs: number
  readonly setAside: number
  readonly value?: ShownValue | undefined
  readonly error?: ErrorJson
  readonly cause?: StoredError
  /** What goes on with it, where that is not `waymark resume`: a program of the user's own runs again. */
  readonly next?: string
  /** False: checkpoints were off, and nothing of the run is left. */
  readonly kept?: false
  /** The option for which it stopped before a stage: `--until extract`. */
  readonly held?: string
}

/** Stages that were called again, listed one by one. */
const maxRedone = 5
/** Stages whose results are listed one by one. */
const maxSaved = 12

/** After a run that completed: what was saved where, what came out, what to try next. */
export function completedLines(end: RunEnd, progress: RunProgress, screen: Screen): Line[] {
  const mark = stateMark('completed')
  const run = end.run ?? ''
  const { separator } = screen.glyphs
  const title: Line =
    progress.plan === undefined && !progress.watching
      ? [span(`${screen.glyphs[mark.glyph]} ${shortId(run)} is completed: nothing was left to do`, mark.tone)]
      : [
          span(`${screen.glyphs[mark.glyph]} ${progress.pipeline} ${shortId(run)} completed`, mark.tone),
          span(` in ${duration(end.durationMs)} ${separator} attempt ${progress.attempt}`),
          ...keptWork(progress, separator),
          ...(end.setAside > 0 ? [span(` ${separator} ${counted(end.setAside, 'item')} set aside`, 'waiting')] : []),
        ]
  const lines: Line[] = [title]
  const fact = (label: string, text: string) => lines.push(factLine(label, text))
  const saved = [...progress.stages].filter(stage => stage.state === 'completed' || stage.state === 'reused')
  const columns = Math.max(0, ...saved.map(stage => stage.name.length))
  for (const [index, stage] of saved.slice(0, maxSaved).entries()) {
    fact(
      index === 0 ? (end.kept === false ? 'done' : 'saved') : '',
      `${stage.name.padEnd(columns)}  ${savedText(stage, screen, end.kept !== false)}`,
    )
  }
  if (saved.length > maxSaved)
    fact('', `${screen.glyphs.ellipsis} and ${counted(saved.length - maxSaved, 'more stage', 'more stages')}`)
  if (end.value !== undefined) {
    const [first = '', ...more] = end.value.text.split('\n')
    fact('result', first)
    for (const text of more) fact('', text)
  }
  lines.push(...streamSummaryLines(progress.records))
  for (const [label, text] of recoveryFacts(progress)) fact(label, text)
  if (progress.unreached !== undefined) lines.push(factLine('note', span(unreachedText(progress.unreached), 'waiting')))
  if (end.kept === false) {
    fact('kept', 'nothing: checkpoints are off')
    return lines
  }
  if (progress.store !== '') fact('store', progress.store)
  if (end.setAside > 0) fact('aside', `waymark items ${shortId(run)} --set-aside`)
  fact('next', [`waymark show ${shortId(run)}`, `waymark events ${shortId(run)}`, 'waymark ls'].join(` ${separator} `))
  return lines
}

/** The first attempt of a run that has nothing from another. */
const isNew = ({ plan, attempt }: Pick<RunProgress, 'plan' | 'attempt'>): boolean => attempt === 1 && plan?.kind !== 'resume'

/** What an attempt that went on did not have to do again, where that was a second of work or more. */
function keptWork({ plan, attempt }: RunProgress, separator: string): Span[] {
  const keptMs = plan?.keptMs ?? 0
  return isNew({ plan, attempt }) || keptMs < 1000 ? [] : [span(` ${separator} kept ${duration(keptMs)} of work`, 'reused')]
}

/** After an attempt that went on with a run: that nothing was lost, and nothing is there twice; and what the user's own check said. */
function recoveryFacts(
  { proof, check, attempt, plan }: RunProgress,
  error?: ErrorJson,
): readonly (readonly [label: string, text: string])[] {
  const redone = proof && redoneText(proof, maxRedone)
  return [
    ...(proof === undefined || isNew({ plan, attempt }) || !tellsSomething(proof, error?.code)
      ? []
      : [['proof', proofText(proof, count)] as const]),
    ...(redone === undefined ? [] : [['redone', redone] as const]),
    ...(check === undefined ? [] : [['check', checkText(check)] as const]),
  ]
}

function savedText(stage: StageProgress, screen: Screen, isKept: boolean): string {
  const parts: string[] = []
  if (stage.members !== undefined) parts.push(`${count(stage.members.ended)} results`)
  if (stage.counts !== undefined) parts.push(countsText(stage.counts))
  if (stage.checkpoint !== undefined && stage.members === undefined) {
    const size = bytes(stage.checkpoint.logicalBytes)
    parts.push(isKept ? `${screen.glyphs.checkpoint} ${stage.checkpoint.id}, ${size}` : size)
  }
  if (stage.output !== undefined) parts.push(`-> ${stage.output}`)
  if (stage.state === 'reused') parts.push('reused')
  return parts.length === 0 ? 'saved' : parts.join('  ')
}

/** After a run that was stopped cleanly: what is safe, and as the last line how to go on. */
export function pausedLines(end: RunEnd, progress: RunProgress, screen: Screen): Line[] {
  const mark = stateMark('paused')
  const run = end.run === undefined ? '' : shortId(end.run)
  if (end.kept === false)
    return [
      [
        span(`${screen.glyphs[mark.glyph]} ${progress.pipeline} stopped`, mark.tone),
        span(` after ${duration(end.durationMs)} ${screen.glyphs.separator} checkpoints are off: nothing is kept`),
      ],
      line('  begin anew with: the same command'),
    ]
  return [
    [
      span(`${screen.glyphs[mark.glyph]} ${progress.pipeline} ${run} paused${byText(end)}`, mark.tone),
      span(` after ${duration(end.durationMs)} ${screen.glyphs.separator} everything finished is saved`),
      ...(end.held === undefined ? [] : [span(` ${screen.glyphs.separator} stopped ${end.held}`)]),
    ],
    ...recoveryFacts(progress).map(([label, text]) => factLine(label, text)),
    ...streamSummaryLines(progress.records),
    line(`  go on with: ${end.next ?? `waymark resume ${run}`}`),
  ]
}

/** After a run that another process gave up. */
export function cancelledLines(end: RunEnd, progress: RunProgress, screen: Screen): Line[] {
  const mark = stateMark('cancelled')
  const run = end.run === undefined ? '' : shortId(end.run)
  return [
    [
      span(`${screen.glyphs[mark.glyph]} ${progress.pipeline} ${run} cancelled${byText(end)}`, mark.tone),
      span(` after ${duration(end.durationMs)} ${screen.glyphs.separator} what is recorded stays, the run does not come back`),
    ],
    line(`  begin anew with: waymark resume ${run} --fresh`),
  ]
}

/** ` by process 4121 on box`: who stopped it, where somebody else did. */
const byText = ({ error }: RunEnd): string => / (by (?:another )?process .*)$/s.exec(error?.message ?? '')?.[0] ?? ''

/** After a run that failed or could not begin. */
export function failedLines(end: RunEnd, screen: Screen, debug: boolean, progress: RunProgress): Line[] {
  const { error } = end
  const { errorCheckpoint } = progress
  if (error === undefined) return []
  // It stopped before a stage, and yet not as it was asked to.
  const isPaused = error.details?.['paused'] === true
  const mark = stateMark(isPaused ? 'paused' : 'failed')
  const title: Line[] =
    end.run === undefined
      ? []
      : [
          [
            span(`${screen.glyphs[mark.glyph]} ${shortId(end.run)} ${isPaused ? 'paused' : 'failed'}`, mark.tone),
            span(` after ${duration(end.durationMs)}`),
          ],
        ]
  const facts = [
    ...recoveryFacts(progress, error),
    ...(errorCheckpoint === undefined || end.kept === false
      ? []
      : [['kept', `${screen.glyphs.checkpoint} ${errorCheckpoint} holds the error and where the finished work is`] as const]),
  ]
  return [
    ...title,
    ...errorLines(error, end.cause, debug),
    ...facts.map(([label, text]): Line => [span(`  ${label.padEnd(6)} `, 'quiet'), span(text)]),
    ...streamSummaryLines(progress.records),
  ]
}
