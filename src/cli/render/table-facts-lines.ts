import type { CheckpointDetails } from '../../engine/checkpoint-info.ts'
import type { CheckpointTable } from '../../model/checkpoint.ts'
import type { ColumnFacts, TableFacts } from '../../model/table-facts.ts'
import { factLine, labelColumns, moreFactsLine } from './fact-line.ts'
import { fitColumns } from './fit-columns.ts'
import { cutTo, padBefore, padTo } from './paint.ts'
import { count, counted } from './quantities.ts'
import { type Line, type Screen, span } from './screen.ts'
import { textWidth } from './text-width.ts'

/** More tables, or columns of one, are told as JSON only. */
const mostTables = 5
const mostColumns = 20
/** Narrower, a cell says nothing. */
const leastColumns = 4
const digestDigits = 12

/** What is known of the tables in a checkpoint: where they are, how large, and what each of their columns holds. */
export function tableFactsLines(
  { tables = [], tableCount = tables.length }: Pick<CheckpointDetails, 'tables' | 'tableCount'>,
  screen: Screen,
): Line[] {
  const lines = tables.slice(0, mostTables).flatMap(table => oneTable(table, screen))
  return tableCount > mostTables ? [...lines, moreFactsLine(tableCount - mostTables, 'table', screen)] : lines
}

/** `250 rows of 8 columns`. */
export const tableSize = ({ rows, columns }: TableFacts): string =>
  `${counted(rows, 'row')} of ${counted(columns.length, 'column')}`

function oneTable({ path, form, facts, digest }: CheckpointTable, screen: Screen): Line[] {
  const { separator, ellipsis } = screen.glyphs
  const where = path === '' ? 'the value itself' : path
  const told = `${tableSize(facts)} ${separator} ${form === 'rows' ? 'loads as rows' : 'loads as an Arrow table'}`
  const room = screen.columns - labelColumns
  const lines: Line[] = [factLine('table', span(cutTo(where, room, ellipsis), 'strong')), factLine('', told)]
  lines.push(factLine('', `content sha256:${digest.slice(0, digestDigits)}${ellipsis}`))
  if (facts.time !== undefined) {
    const { column, from, to, frequency, missingSteps } = facts.time
    const gaps = missingSteps === undefined ? '' : `, ${counted(missingSteps, 'step')} missing`
    lines.push(factLine('', cutTo(`range of ${column}: ${from} to ${to}`, room, ellipsis)))
    if (frequency !== undefined) lines.push(factLine('', cutTo(`frequency of ${column}: ${frequency}${gaps}`, room, ellipsis)))
  }
  lines.push(...columnLines(facts.columns.slice(0, mostColumns), screen))
  return facts.columns.length > mostColumns
    ? [...lines, moreFactsLine(facts.columns.length - mostColumns, 'column', screen)]
    : lines
}

/** Name, type, nulls, different values, least, greatest and mean value. On a terminal the widest are cut until a row fits; in a pipe nothing is. */
function columnLines(columns: readonly ColumnFacts[], screen: Screen): Line[] {
  const titles = ['column', 'type', 'nulls', 'distinct', 'least', 'greatest', 'mean']
  const rows = [
    titles,
    ...columns.map(one => [
      one.name,
      one.type,
      count(one.nulls),
      `${one.distinctIsEstimate ? '~' : ''}${count(one.distinct)}`,
      valueText(one.min),
      valueText(one.max),
      valueText(one.mean),
    ]),
  ]
  const shrinkable = [0, 1, 4, 5, 6].map(index => ({ index, least: leastColumns }))
  const room = { ...screen, columns: screen.columns - labelColumns }
  const fitted = fitColumns(
    titles,
    rows.map(row => row.map(text => span(text))),
    shrinkable,
    room,
  ).map(row => row.map(cell => cell.text))
  const widths = titles.map((_, column) => Math.max(...fitted.map(row => textWidth(row[column] ?? ''))))
  return fitted.map((row, index) => {
    const cells = row.map((text, column) => {
      const width = widths[column] ?? 0
      return column === 2 || column === 3 ? padBefore(text, width) : padTo(text, width)
    })
    return factLine('', span(cells.join('  ').trimEnd(), index === 0 ? 'quiet' : undefined))
  })
}

/** All of its digits. */
function valueText(value: number | string | undefined): string {
  if (value === undefined || typeof value === 'string') return value ?? ''
  if (Object.is(value, -0)) return '-0'
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? String(BigInt(value)) : String(value)
}
