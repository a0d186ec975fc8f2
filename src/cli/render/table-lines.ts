import { padBefore, padTo } from './paint.ts'
import { type Line, type Span, span } from './screen.ts'
import { textWidth } from './text-width.ts'

export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** Rows under titles, each column as wide as its widest cell. A column that is empty in every row is left out. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly Span[])[]): Line[] {
  const widths = columns.map((column, index) => {
    const cells = rows.map(row => textWidth(row[index]?.text ?? ''))
    return cells.some(width => width > 0) ? Math.max(textWidth(column.title), ...cells) : 0
  })
  const used = columns.flatMap((column, index) =>
    (widths[index] ?? 0) > 0 ? [{ column, index, width: widths[index] ?? 0 }] : [],
  )
  const cell = (text: string, align: Column['align'], width: number) =>
    align === 'left' ? padTo(text, width) : padBefore(text, width)
  const gap = (place: number) => (place === used.length - 1 ? '' : '  ')
  return [
    used.map(({ column, width }, place) => span(`${cell(column.title, column.align, width)}${gap(place)}`, 'quiet')),
    ...rows.map(row =>
      used.map(({ column, index, width }, place) => {
        const { text, tone } = row[index] ?? span('')
        return span(`${cell(text, column.align, width)}${gap(place)}`, tone)
      }),
    ),
  ]
}
