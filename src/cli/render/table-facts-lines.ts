import type { CheckpointDetails } from '../../engine/checkpoint-info.ts'
import type { CheckpointTable } from '../../model/checkpoint.ts'
import type { ColumnFacts, TableFacts } from '../../model/table-facts.ts'
import { cutTo, padBefore, padTo, textWidth } from './paint.ts'
import { count, counted } from './quantities.ts'
import { type Line, line, type Screen, span } from './screen.ts'

/** More tables, or columns of one, are told as JSON only. */
const mostTables = 5
const mostColumns = 20
const mostNameColumns = 18
const mostTypeColumns = 16
const leastValueColumns = 6
const mostValueColumns = 24
/** What stands before every fact. */
const labelColumns = 11
const digestDigits = 12

/** What is known of the tables in a checkpoint: where they are, how large, and what each of their columns holds. */
export function tableFactsLines(
  { tables = [], tableCount = tables.length }: Pick<CheckpointDetails, 'tables' | 'tableCount'>,
  screen: Screen,
): Line[] {
  const lines = tables.slice(0, mostTables).flatMap(table => oneTable(table, screen))
  return tableCount > mostTables ? [...lines, more(tableCount - mostTables, 'table', screen)] : lines
}

/** `250 rows of 8 columns`. */
export const tableSize = ({ rows, columns }: TableFacts): string =>
  `${counted(rows, 'row')} of ${counted(columns.length, 'column')}`

function oneTable({ path, form, facts, digest }: CheckpointTable, screen: Screen): Line[] {
  const { separator, ellipsis } = screen.glyphs
  const where = path === '' ? 'the value itself' : path
  const told = `${tableSize(facts)} ${separator} ${form === 'rows' ? 'loads as rows' : 'loads as an Arrow table'}`
  const room = screen.columns - labelColumns
  const lines: Line[] = [[label('table'), span(cutTo(where, room, ellipsis), 'strong')], indented(told)]
  lines.push(indented(`content sha256:${digest.slice(0, digestDigits)}${ellipsis}`))
  if (facts.time !== undefined) {
    const { column, from, to, frequency, missingSteps } = facts.time
    const gaps = missingSteps === undefined ? '' : `, ${counted(missingSteps, 'step')} missing`
    lines.push(indented(cutTo(`${column}: ${from} to ${to}`, room, ellipsis)))
    if (frequency !== undefined) lines.push(indented(cutTo(`${column}: ${frequency}${gaps}`, room, ellipsis)))
  }
  lines.push(...columnLines(facts.columns.slice(0, mostColumns), screen))
  return facts.columns.length > mostColumns ? [...lines, more(facts.columns.length - mostColumns, 'column', screen)] : lines
}

/** Name, type, nulls, different values, least and greatest value. The last two share what is left of the screen. */
function columnLines(columns: readonly ColumnFacts[], screen: Screen): Line[] {
  const rows = [
    ['column', 'type', 'nulls', 'distinct', 'least', 'greatest'],
    ...columns.map(one => [
      one.name,
      one.type,
      count(one.nulls),
      `${one.distinctIsEstimate ? '~' : ''}${count(one.distinct)}`,
      valueText(one.min),
      valueText(one.max),
    ]),
  ]
  const widest = (index: number): number => Math.max(...rows.map(row => textWidth(row[index] ?? '')))
  const widths = [Math.min(mostNameColumns, widest(0)), Math.min(mostTypeColumns, widest(1)), widest(2), widest(3)]
  const used = labelColumns + widths.reduce((sum, width) => sum + width + 2, 0)
  const room = Math.max(leastValueColumns, Math.floor((screen.columns - used - 2) / 2))
  for (const index of [4, 5]) widths.push(Math.min(mostValueColumns, room, widest(index)))
  return rows.map((row, index) => {
    const cells = row.map((text, column) => {
      const width = widths[column] ?? 0
      const cut = cutTo(text, width, screen.glyphs.ellipsis)
      return column === 2 || column === 3 ? padBefore(cut, width) : padTo(cut, width)
    })
    return [label(''), span(cells.join('  ').trimEnd(), index === 0 ? 'quiet' : undefined)]
  })
}

function valueText(value: number | string | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'number' ? String(Number(value.toPrecision(10))) : value
}

const label = (text: string) => span(`  ${text.padEnd(labelColumns - 3)} `, 'quiet')

const indented = (text: string): Line => [label(''), span(text)]

const more = (amount: number, one: string, screen: Screen): Line =>
  line(`${' '.repeat(labelColumns)}${screen.glyphs.ellipsis} and ${counted(amount, `more ${one}`)}`, 'quiet')
