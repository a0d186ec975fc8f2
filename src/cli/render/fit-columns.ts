import { cutTo } from './paint.ts'
import type { Screen, Span } from './screen.ts'
import { textWidth } from './text-width.ts'

/** A column that may be cut, down to so many columns of the screen. */
export interface Shrinkable {
  readonly index: number
  readonly least: number
}

/** Between two columns of a table. */
const gap = 2

/** Cuts the cells of those columns that can be, the widest first, until a row fits the screen. */
export function fitColumns(
  titles: readonly string[],
  rows: readonly (readonly Span[])[],
  shrinkable: readonly Shrinkable[],
  screen: Screen,
): (readonly Span[])[] {
  const widths = titles.map((title, index) => {
    const widest = Math.max(0, ...rows.map(row => textWidth(row[index]?.text ?? '')))
    return widest === 0 ? 0 : Math.max(widest, textWidth(title))
  })
  const used = (): number => widths.reduce((sum, width) => sum + (width === 0 ? 0 : width + gap), -gap)
  for (let over = used() - screen.columns; over > 0; over = used() - screen.columns) {
    const [widest] = shrinkable
      .filter(one => (widths[one.index] ?? 0) > one.least)
      .sort((a, b) => (widths[b.index] ?? 0) - (widths[a.index] ?? 0))
    if (widest === undefined) break
    widths[widest.index] = (widths[widest.index] ?? 0) - 1
  }
  return rows.map(row =>
    row.map((cell, index) => ({ ...cell, text: cutTo(cell.text, widths[index] ?? 0, screen.glyphs.ellipsis) })),
  )
}
