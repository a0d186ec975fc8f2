import { type Glyphs, type Span, span } from './screen.ts'

/** A bar of `columns` cells: what was reused, what this attempt did, what is left. Full only when all is done. */
export function progressBar(
  counts: { readonly reused: number; readonly done: number; readonly total: number },
  columns: number,
  glyphs: Glyphs,
): Span[] {
  const { total } = counts
  const done = Math.min(counts.done, total)
  const full = total === 0 ? columns : Math.floor((done / total) * columns)
  const reused = total === 0 ? 0 : Math.min(full, Math.round((Math.min(counts.reused, done) / total) * columns))
  return [
    span(glyphs.barReused.repeat(reused), 'reused'),
    span(glyphs.barDone.repeat(full - reused), 'active'),
    span(glyphs.barLeft.repeat(columns - full), 'quiet'),
  ].filter(part => part.text !== '')
}
