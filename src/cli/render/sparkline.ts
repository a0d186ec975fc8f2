import type { Glyphs } from './screen.ts'

/** The newest values as signs of growing height, the largest of them as the highest; nothing where there are fewer than two. */
export function sparkline(values: readonly number[], columns: number, glyphs: Glyphs): string {
  const shown = values.slice(-columns)
  if (shown.length < 2) return ''
  const signs = [...glyphs.spark]
  const highest = Math.max(...shown)
  const level = (value: number): number => (highest <= 0 ? 0 : Math.round((Math.max(0, value) / highest) * (signs.length - 1)))
  return shown.map(value => signs[level(value)] ?? '').join('')
}
