import type { QueryResult } from '../../engine/query-result.ts'
import { fitColumns } from './fit-columns.ts'
import { counted } from './quantities.ts'
import { type Line, line, type Screen, span } from './screen.ts'
import { tableLines } from './table-lines.ts'

/** Narrower, a column says nothing. */
const leastWidth = 4

/** What a query gave as a table within the screen: its first rows, and how many there are. */
export function queryLines(result: Pick<QueryResult, 'columns' | 'rowCount' | 'texts'>, limit: number, screen: Screen): Line[] {
  const { columns, rowCount } = result
  const titles = columns.map(({ name }) => oneLine(name))
  const rows = result.texts(limit).map(row => row.map(text => (text === null ? span('-', 'quiet') : span(oneLine(text)))))
  const shrinkable = columns.map((_, index) => ({ index, least: leastWidth }))
  const [head = [], ...body] = fitColumns(titles, [titles.map(title => span(title)), ...rows], shrinkable, screen)
  const specs = columns.map(({ isNumber }, at) => ({ title: head[at]?.text ?? '', align: isNumber ? 'right' : 'left' }) as const)
  const more = rowCount > rows.length ? `, ${rows.length} shown` : ''
  const table = rowCount === 0 ? [line(head.map(({ text }) => text).join('  '), 'quiet')] : tableLines(specs, body)
  return [...table, line(`${counted(rowCount, 'row')}${more}`, 'quiet')]
}

/** Control characters would draw elsewhere on the screen. */
const oneLine = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, found => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
