import type { Output } from './output.ts'
import { entryLines, type ListedEntry } from './render/entry-lines.ts'
import { harmless, paintLines } from './render/paint.ts'
import { asciiGlyphs, unlimitedColumns } from './render/screen.ts'

/** Writes one entry of a list to stdout, as far as it may be shown. */
export function writeEntry({ stdoutScreen: screen, shownText }: Output, { head, fields, tone }: ListedEntry): void {
  const shown = (text: string): string => {
    const masked = harmless(shownText(text))
    return screen.glyphs === asciiGlyphs ? masked.replaceAll('•••', '***') : masked
  }
  const lines = entryLines({ head: shown(head), tone, fields: fields.map(shown) }, screen)
  // What is not for a terminal is cut nowhere.
  const columns = screen.columns === unlimitedColumns ? Number.POSITIVE_INFINITY : screen.columns
  process.stdout.write(paintLines(lines, { ...screen, columns }))
}
