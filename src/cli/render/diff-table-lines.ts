import type { TableDiff } from '../../index.ts'
import { numberText, valueText } from './diff-value-text.ts'
import { type Line, line, type Screen } from './screen.ts'

/** Facts told of one table. */
const mostColumns = 12

/** What was noted of a table when it was saved: columns, types, and what they hold. */
export function tableFactLines({ path, in: where, facts }: TableDiff, indent: string, screen: Screen): Line[] {
  const { arrow, ellipsis } = screen.glyphs
  const name = path === '' ? 'the table' : `table ${path}`
  if (facts === undefined) return [line(`${indent}${where === 'b' ? '+' : '-'} ${name}`, where === 'b' ? 'good' : 'bad')]
  const text = (value: number | string | undefined): string => {
    if (value === undefined) return 'nothing'
    return typeof value === 'number' ? numberText(value) : valueText(value, 28, screen.glyphs)
  }
  const changes = (
    of: Readonly<Record<string, { readonly before?: number | string; readonly after?: number | string }>>,
  ): string =>
    Object.entries(of)
      .map(([fact, { before, after }]) => `${fact} ${text(before)} ${arrow} ${text(after)}`)
      .join(', ')
  const columns = facts.columns.slice(0, mostColumns)
  const details = [
    ...facts.added.map(column => `+ column ${column.name} (${column.type})`),
    ...facts.removed.map(column => `- column ${column.name} (${column.type})`),
    ...facts.retyped.map(column => `~ column ${column.name}: ${column.before} ${arrow} ${column.after}`),
    ...(facts.isReordered ? ['^ columns in another order'] : []),
    ...columns.map(column => `~ ${column.name}: ${changes(column.changes)}`),
    ...(facts.columns.length > columns.length ? [`${ellipsis} and ${facts.columns.length - columns.length} more columns`] : []),
    ...(Object.keys(facts.time).length === 0 ? [] : [`~ time: ${changes(facts.time)}`]),
  ]
  return details.length === 0
    ? []
    : [line(`${indent}facts of ${name}`, 'quiet'), ...details.map(detail => line(`${indent}  ${detail}`))]
}
