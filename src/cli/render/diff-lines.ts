import { isOfTime } from '../../engine/diff-facts.ts'
import type { ItemsDiff } from '../../engine/diff-report.ts'
import { isSameContent } from '../../engine/diff-runs.ts'
import { isNotCompared } from '../../engine/is-not-compared.ts'
import type { CheckpointDiff, ContentDiff, DiffReport, DiffSide, RunDiff, StageDiff } from '../../index.ts'
import { factLines } from './diff-fact-lines.ts'
import { rowsLines } from './diff-rows-lines.ts'
import { tableFactLines } from './diff-table-lines.ts'
import { countsText, differenceLines } from './diff-value-lines.ts'
import { bytes, count, counted } from './quantities.ts'
import { shortId } from './run-label.ts'
import { type Line, line, type Screen } from './screen.ts'

export interface DiffView {
  /** Differences listed of one value. */
  readonly limit: number
  /** Also what is equal, counted. */
  readonly all: boolean
}

/** `waymark diff`: what is different, and how much is not. */
export function diffLines(report: DiffReport, view: DiffView, screen: Screen): Line[] {
  const { arrow } = screen.glyphs
  const head = line(`${sideText(report.a)} ${arrow} ${sideText(report.b)}`, 'strong')
  const body = report.kind === 'runs' ? runLines(report, view, screen) : checkpointLines(report, view, screen)
  return [head, ...body]
}

function sideText({ address, run, pipeline, stage, checkpoint }: DiffSide): string {
  const place = run === undefined ? undefined : `${shortId(run)}${stage === undefined ? '' : `/${stage}`}`
  if (place === undefined) return checkpoint?.id ?? address
  const isOfRun = address === 'last good' || address.includes('@')
  const named = pipeline === undefined || stage !== undefined ? place : `${pipeline} ${place}`
  const what = checkpoint !== undefined && stage === undefined ? `${checkpoint.id} of ${place}` : named
  return isOfRun ? `${what} (${address})` : what
}

function checkpointLines({ facts, content, same }: CheckpointDiff, view: DiffView, screen: Screen): Line[] {
  const lines = [...facts.flatMap(fact => factLines(fact, view.limit, screen)), ...contentLines(content, view, screen, '  ')]
  if ('ignoreUnused' in content) lines.push(...unusedLines(content.ignoreUnused))
  if (same) lines.push(line(`  ${screen.glyphs.completed} no difference`, 'good'))
  else if (facts.every(isOfTime) && isNotCompared(content)) lines.push(nothingElse)
  return lines
}

function runLines({ facts, stages, equalStages, ignoreUnused, same }: RunDiff, view: DiffView, screen: Screen): Line[] {
  const lines: Line[] = facts.flatMap(fact => factLines(fact, view.limit, screen))
  for (const stage of stages) lines.push(...stageLines(stage, view, screen))
  lines.push(...unusedLines(ignoreUnused))
  if (same) lines.push(line(`  ${screen.glyphs.completed} no difference but in time`, 'good'))
  else if (facts.every(isOfTime) && stages.every(hasNoKnownDifference)) lines.push(nothingElse)
  if (equalStages > 0) lines.push(line(`  ${counted(equalStages, 'equal stage')} ${view.all ? 'in both' : 'hidden'}`, 'quiet'))
  return lines
}

const unusedLines = (paths: readonly string[] = []): Line[] =>
  paths.map(path => line(`  --ignore ${path} fits nothing in what was compared`, 'waiting'))

const nothingElse = line('  nothing else differs', 'quiet')

const hasNoKnownDifference = ({ in: where, facts, content }: StageDiff): boolean =>
  where === 'both' && facts.every(isOfTime) && (content === undefined || isSameContent(content) || isNotCompared(content))

function stageLines({ stage, in: where, facts, content }: StageDiff, view: DiffView, screen: Screen): Line[] {
  if (where !== 'both') return [line(`  ${stage}  only in the ${where === 'a' ? 'first' : 'second'} run`, 'strong')]
  const isEqual = content === undefined || content.form === 'same'
  return [
    line(`  ${stage}`, 'strong'),
    ...facts.flatMap(fact => factLines(fact, view.limit, screen, '  ')),
    ...(content === undefined || (isEqual && !view.all) ? [] : contentLines(content, view, screen, '    ')),
  ]
}

function contentLines(content: ContentDiff, view: DiffView, screen: Screen, indent: string): Line[] {
  const { arrow } = screen.glyphs
  switch (content.form) {
    case 'same':
      return [
        line(
          `${indent}${content.by === 'table' ? 'the same table, by the hash of its content' : 'what was saved is the same, byte for byte'}`,
          'quiet',
        ),
      ]
    case 'value': {
      const lines = [
        ...differenceLines(content, view.limit, indent, screen),
        ...(content.tables ?? []).flatMap(table => tableFactLines(table, indent, screen)),
        ...(content.keyUnusedAt ?? [])
          .slice(0, 3)
          .map(path =>
            line(
              `${indent}the key is not used in ${path === '' ? 'the array' : path}: several elements have the same`,
              'waiting',
            ),
          ),
      ]
      const facts = [
        countsText(content.counts),
        content.equal === 0 ? '' : `${counted(content.equal, 'equal value')}${view.all ? '' : ' hidden'}`,
        content.ignored === 0 ? '' : `${counted(content.ignored, 'place')} ignored`,
      ].filter(text => text !== '')
      if (facts.length > 0) lines.push(line(`${indent}${facts.join(` ${screen.glyphs.separator} `)}`, 'quiet'))
      if (!view.all) return lines
      return [
        ...lines,
        ...content.equalIn.map(({ path, equal }) => line(`${indent}= ${path}  ${counted(equal, 'equal value')}`, 'quiet')),
      ]
    }
    case 'rows':
      return [
        ...rowsLines(content, view, screen, indent),
        ...(content.tables ?? []).flatMap(table => tableFactLines(table, indent, screen)),
      ]
    case 'bytes':
      return [
        line(
          `${indent}~ ${bytes(content.bytesBefore)} ${arrow} ${bytes(content.bytesAfter)}, first different byte ${count(content.firstDifference)}`,
        ),
      ]
    case 'files':
      return [
        ...content.changed.map(file =>
          line(`${indent}~ ${file.name}  ${bytes(file.bytesBefore)} ${arrow} ${bytes(file.bytesAfter)}`, 'waiting'),
        ),
        ...content.added.map(file => line(`${indent}+ ${file.name}  ${bytes(file.bytes)}`, 'good')),
        ...content.removed.map(file => line(`${indent}- ${file.name}  ${bytes(file.bytes)}`, 'bad')),
        ...(content.equal === 0
          ? []
          : [line(`${indent}${counted(content.equal, 'equal file')}${view.all ? '' : ' hidden'}`, 'quiet')]),
      ]
    case 'items':
      return itemsLines(content, indent)
    case 'kinds':
      return [line(`${indent}~ ${heldText(content.before)} ${arrow} ${heldText(content.after)}`)]
    case 'unread':
      return [
        line(
          content.bytesBefore === undefined || content.bytesAfter === undefined
            ? `${indent}~ results of many items, not read`
            : `${indent}~ ${bytes(content.bytesBefore)} ${arrow} ${bytes(content.bytesAfter)}, not read: compare the stages by themselves`,
        ),
      ]
    case 'damaged':
      return [line(`${indent}${screen.glyphs.failed} ${content.message}`, 'bad')]
  }
}

type Ranges = readonly (readonly [from: number, to: number])[]

const shownRanges = 5

function itemsLines({ why, onlyBefore = [], onlyAfter = [], inBoth }: ItemsDiff, indent: string): Line[] {
  const told = (ranges: Ranges): string => {
    const shown = ranges.slice(0, shownRanges).map(([from, to]) => (from === to ? count(from) : `${count(from)}-${count(to)}`))
    const items = ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0)
    return `${counted(items, 'item')}: ${shown.join(', ')}${ranges.length > shownRanges ? ' and more' : ''}`
  }
  return [
    ...(onlyAfter.length === 0 ? [] : [line(`${indent}+ ${told(onlyAfter)}`, 'good')]),
    ...(onlyBefore.length === 0 ? [] : [line(`${indent}- ${told(onlyBefore)}`, 'bad')]),
    line(
      `${indent}${inBoth === undefined ? '' : `${counted(inBoth, 'item')} in both; `}results are not compared: ${why}`,
      'quiet',
    ),
  ]
}

const heldText = (encoding: string | undefined): string =>
  encoding === undefined ? 'nothing saved' : encoding === 'cbor' ? 'a value' : encoding
