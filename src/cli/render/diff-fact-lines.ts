import type { FactDifference, ItemCounts } from '../../index.ts'
import { codeChangeText } from '../../model/code-change.ts'
import { countsOf, countsText, differenceLines } from './diff-value-lines.ts'
import { bytes, count, counted, duration, rate } from './quantities.ts'
import { causeText } from './run-label.ts'
import { type Line, line, type Screen, type Span, span } from './screen.ts'

const labelColumns = 8

/** A fact about a run or a stage that changed: label, what was and what is. */
export function factLines(fact: FactDifference, limit: number, screen: Screen, indent = ''): Line[] {
  const { arrow } = screen.glyphs
  const label: Span = span(`${indent}  ${fact.name.padEnd(labelColumns)} `, 'quiet')
  const one = (text: string): Line[] => [[label, span(text)]]
  const pair = (before: string | undefined, after: string | undefined): Line[] => one(`${before ?? '-'} ${arrow} ${after ?? '-'}`)
  switch (fact.name) {
    case 'state':
    case 'node':
    case 'version':
      return pair(fact.before, fact.after)
    case 'cause':
      return pair(fact.before && causeText(fact.before), fact.after && causeText(fact.after))
    case 'error':
      return pair(fact.before && errorText(fact.before), fact.after && errorText(fact.after))
    case 'code': {
      const changes = fact.changes.slice(0, 5).map(codeChangeText)
      const more =
        fact.changes.length > changes.length ? [`and ${counted(fact.changes.length - changes.length, 'more file')}`] : []
      return [
        ...pair(shortDigest(fact.before), shortDigest(fact.after)),
        ...[...changes, ...more].map(text => line(`${indent}  ${' '.repeat(labelColumns)}   ${text}`)),
      ]
    }
    case 'params':
    case 'metadata': {
      const counts = countsOf(fact.differences)
      const shown = { differences: fact.differences, counts, sizes: [] }
      return [[label, span(countsText(counts))], ...differenceLines(shown, limit, `${indent}    `, screen)]
    }
    case 'input': {
      const { before, after } = fact
      const from = after?.from ?? before?.from ?? after?.kind ?? ''
      const sizes = before?.size !== undefined && after?.size !== undefined
      const name = before?.from !== undefined && after?.from !== undefined && before.from !== after.from
      const parts = [
        name ? `${before?.from} ${arrow} ${after?.from}` : from,
        `${shortDigest(before?.digest) ?? '-'} ${arrow} ${shortDigest(after?.digest) ?? '-'}`,
        sizes ? `${bytes(before.size ?? 0)} ${arrow} ${bytes(after.size ?? 0)}${share(before.size ?? 0, after.size ?? 0)}` : '',
      ]
      return one(parts.filter(part => part !== '').join('  '))
    }
    case 'items':
      return one(itemsText(fact.before, fact.after, arrow))
    case 'speed':
      return one(`${rate(fact.before)} ${arrow} ${rate(fact.after)}${share(fact.before, fact.after)}`)
    case 'duration':
      return one(`${duration(fact.before)} ${arrow} ${duration(fact.after)}${share(fact.before, fact.after)}`)
  }
}

const errorText = ({ name, message }: { readonly name: string; readonly message: string }): string =>
  `${name}: ${message.split('\n')[0] ?? ''}`

/** ` (+39 %)`. */
function share(before: number, after: number): string {
  if (before === 0) return ''
  const percent = Math.round(((after - before) / before) * 100)
  return percent === 0 ? '' : ` (${percent > 0 ? '+' : ''}${count(percent)} %)`
}

const shortDigest = (digest: string | undefined): string | undefined => digest?.replace(/^([a-z0-9]+:)*/, '').slice(0, 6)

function itemsText(before: ItemCounts | undefined, after: ItemCounts | undefined, arrow: string): string {
  const parts = (['done', 'skipped', 'setAside', 'total'] as const).flatMap(name => {
    const [one, other] = [before?.[name], after?.[name]]
    if (one === other) return []
    const known = (value: number | undefined): string => (value === undefined ? '-' : count(value))
    const label = name === 'setAside' ? 'set aside' : name
    return [`${label} ${known(one)} ${arrow} ${known(other)}${share(one ?? 0, other ?? 0)}`]
  })
  return parts.join('  ')
}
