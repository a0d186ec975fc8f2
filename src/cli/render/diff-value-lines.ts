import type { Difference, DifferenceCounts, SizeDifference, ValueStep } from '../../index.ts'
import { pairText, valueText } from './diff-value-text.ts'
import { padTo } from './paint.ts'
import { count, counted } from './quantities.ts'
import { type Line, line, type Screen, type Span, span, type Tone } from './screen.ts'
import { textWidth } from './text-width.ts'

/** What is listed of one array, Map or object; of more it is told how many there are. */
const mostInOne = 10
/** A path is given so many columns at most before its values go to a line of their own. */
const mostPathColumns = 36

export interface ShownDifferences {
  readonly differences: readonly Difference[]
  readonly counts: DifferenceCounts
  readonly sizes: readonly SizeDifference[]
}

const marks: Readonly<Record<Difference['kind'], { readonly sign: string; readonly tone: Tone }>> = {
  added: { sign: '+', tone: 'good' },
  removed: { sign: '-', tone: 'bad' },
  changed: { sign: '~', tone: 'waiting' },
  moved: { sign: '^', tone: 'active' },
}

/** Differences of two values, one a line: sign, path, what was and what is. */
export function differenceLines(shown: ShownDifferences, limit: number, indent: string, screen: Screen): Line[] {
  const listed = listedOf(shown.differences, limit)
  const columns = screen.columns > 1000 ? 160 : screen.columns
  const paths = listed.map(one => (one.kind === 'more' ? 0 : textWidth(pathOf(one))))
  const fitting = paths.filter(width => width <= mostPathColumns)
  const pathColumns = Math.max(0, ...fitting)
  const sizes = new Map(shown.sizes.map(size => [size.path, size]))
  const lines: Line[] = []
  for (const one of listed) {
    if (one.kind === 'more') {
      lines.push(line(`${indent}  ${screen.glyphs.ellipsis} ${moreText(one)}`, 'quiet'))
      continue
    }
    for (const size of takeSizesAround(sizes, one.path)) lines.push(sizeLine(size, indent, screen))
    lines.push(...oneDifference(one, pathColumns, indent, columns, screen))
  }
  for (const size of sizes.values()) lines.push(sizeLine(size, indent, screen))
  const left = totalOf(shown.counts) - listed.reduce((sum, one) => sum + (one.kind === 'more' ? one.count : 1), 0)
  if (left > 0)
    lines.push(line(`${indent}${screen.glyphs.ellipsis} ${counted(left, 'more difference')}: --limit N, --json`, 'quiet'))
  return lines
}

/** `3 changed, 1 added`. */
export const countsText = ({ changed, added, removed, moved }: DifferenceCounts): string =>
  [
    changed === 0 ? '' : `${count(changed)} changed`,
    added === 0 ? '' : `${count(added)} added`,
    removed === 0 ? '' : `${count(removed)} removed`,
    moved === 0 ? '' : `${count(moved)} moved`,
  ]
    .filter(text => text !== '')
    .join(', ')

const totalOf = ({ changed, added, removed, moved }: DifferenceCounts): number => changed + added + removed + moved

interface MoreDifferences {
  readonly kind: 'more'
  readonly inside: string
  readonly count: number
  readonly counts: DifferenceCounts
}

/** In their order; of a container that has many the first, and how many more. */
function listedOf(differences: readonly Difference[], limit: number): readonly (Difference | MoreDifferences)[] {
  const groups = new Map<string, Difference[]>()
  for (const one of differences) {
    const inside = containerOf(one)
    const group = groups.get(inside)
    if (group === undefined) groups.set(inside, [one])
    else group.push(one)
  }
  const listed: (Difference | MoreDifferences)[] = []
  let shown = 0
  for (const [inside, group] of groups) {
    const first = group.slice(0, Math.min(group.length > mostInOne ? mostInOne - 1 : mostInOne, limit - shown))
    listed.push(...first)
    shown += first.length
    const rest = group.slice(first.length)
    if (first.length > 0 && rest.length > 0) listed.push({ kind: 'more', inside, count: rest.length, counts: countsOf(rest) })
    if (shown >= limit) break
  }
  return listed
}

export function countsOf(differences: readonly Difference[]): DifferenceCounts {
  const counts = { changed: 0, added: 0, removed: 0, moved: 0 }
  for (const { kind } of differences) counts[kind]++
  return counts
}

/** The container it is in, with every index as one: many rows that changed in one column belong together. */
function containerOf({ steps }: Difference): string {
  return steps
    .map((step, place) =>
      place === steps.length - 1 && step.kind !== 'property' ? '' : nameOf(step, place === steps.length - 1),
    )
    .join('/')
}

const nameOf = (step: ValueStep, isLast: boolean): string => {
  if (step.kind === 'index') return '[*]'
  return isLast ? '' : String(step.key)
}

const moreText = ({ inside, counts }: MoreDifferences): string => {
  const names = inside.split('/').filter(name => name !== '')
  const place = names.join('.').replaceAll('.[*]', '[*]')
  return `and ${countsText(counts)}${place === '' ? '' : ` more in ${place}`}`
}

function pathOf(one: Difference): string {
  return one.path === '' ? '(the value)' : one.path
}

function oneDifference(one: Difference, pathColumns: number, indent: string, columns: number, screen: Screen): Line[] {
  const { sign, tone } = marks[one.kind]
  const path = pathOf(one)
  const head: Span[] = [span(`${indent}${sign} `, tone), span(padTo(path, pathColumns))]
  const used = indent.length + 2 + Math.max(pathColumns, textWidth(path)) + 2
  const isNarrow = textWidth(path) > pathColumns || columns - used < 24
  const room = (isNarrow ? columns - indent.length - 6 : columns - used) - 1
  const text = valuesText(one, room, screen)
  if (text === '') return [head]
  if (!isNarrow && textWidth(text) <= room) return [[...head, span(`  ${text}`)]]
  return [head.slice(0, 1).concat(span(path)), line(`${indent}      ${text}`)]
}

function valuesText(one: Difference, room: number, screen: Screen): string {
  const { glyphs } = screen
  switch (one.kind) {
    case 'added':
      return valueText(one.after, room, glyphs)
    case 'removed':
      return valueText(one.before, room, glyphs)
    case 'moved':
      return `was at [${String(one.stepsBefore.at(-1)?.key)}]`
    case 'changed': {
      const { before, after, note } = pairText(one.before, one.after, room, glyphs)
      return `${before} ${glyphs.arrow} ${after}${note === undefined ? '' : `  (${note})`}`
    }
  }
}

/** Sizes of what a path is in, each told once. */
function takeSizesAround(sizes: Map<string, SizeDifference>, path: string): readonly SizeDifference[] {
  const found = [...sizes.values()].filter(size => isWithin(path, size.path))
  for (const size of found) sizes.delete(size.path)
  return found
}

const isWithin = (path: string, around: string): boolean =>
  around === '' || path === around || path.startsWith(`${around}.`) || path.startsWith(`${around}[`)

function sizeLine({ path, before, after }: SizeDifference, indent: string, { glyphs }: Screen): Line {
  const place = path === '' ? 'the value' : path
  return line(`${indent}  ${place}: ${count(before)} ${glyphs.arrow} ${counted(after, 'item')}`, 'quiet')
}
