import { factLine } from './fact-line.ts'
import { padTo } from './paint.ts'
import type { ReportContent, ReportRow } from './report-content.ts'
import { type Line, line, type Screen, span } from './screen.ts'
import { textWidth } from './text-width.ts'

/** A report for a terminal. */
export function reportLines({ title, mark, facts, rows }: ReportContent, screen: Screen): Line[] {
  const { glyphs } = screen
  const beside = facts.length === 0 ? [] : [span(` ${glyphs.separator} ${facts.join(` ${glyphs.separator} `)}`)]
  const head: Line = mark === undefined ? line(title, 'strong') : [span(`${glyphs[mark.glyph]} ${title}`, mark.tone), ...beside]
  const names = rows.flatMap(row => (row.kind === 'stage' ? [textWidth(row.name)] : []))
  const columns = Math.min(32, Math.max(0, ...names))
  return [head, ...rows.map(row => rowLine(row, columns, screen))]
}

function rowLine(row: ReportRow, columns: number, { glyphs }: Screen): Line {
  switch (row.kind) {
    case 'stage':
      return [span(`  ${glyphs[row.mark.glyph]} ${padTo(row.name, columns)}`, row.mark.tone), span(`  ${row.text}`)]
    case 'fact':
      return factLine(row.label, [row.text, row.command ?? ''].filter(part => part !== '').join('  '))
    case 'run':
      return [
        span(`  ${glyphs[row.mark.glyph]} ${row.name}`, row.mark.tone),
        span(`  ${row.facts.join(` ${glyphs.separator} `)}  ${row.command}`),
      ]
    case 'look':
      return [span(`  ${row.text}  `, 'waiting'), span(row.command)]
    case 'note':
      return line(`  ${row.goesOn ? `${glyphs.ellipsis} ` : ''}${row.text}`)
  }
}

/** A report as Markdown that fits a chat message. */
export function reportMarkdown({ title, mark, facts, rows }: ReportContent, screen: Screen): Line[] {
  const { glyphs } = screen
  const head = `**${mark === undefined ? '' : `${glyphs[mark.glyph]} `}${markdownText(title)}**`
  const beside = facts.map(fact => ` ${glyphs.separator} ${markdownText(fact)}`).join('')
  return [line(`${head}${beside}`), ...rows.map(row => line(`- ${rowMarkdown(row, screen)}`))]
}

function rowMarkdown(row: ReportRow, { glyphs }: Screen): string {
  switch (row.kind) {
    case 'stage':
      return `${glyphs[row.mark.glyph]} ${markdownText(`${row.name} ${row.text}`)}`
    case 'fact': {
      const parts = [markdownText(row.text), row.command === undefined ? '' : `\`${row.command}\``]
      return `${row.label}: ${parts.filter(part => part !== '').join(' ')}`
    }
    case 'run':
      return `${glyphs[row.mark.glyph]} **${markdownText(row.name)}** ${markdownText(row.facts.join('. '))}: \`${row.command}\``
    case 'look':
      return `${markdownText(row.text)}: \`${row.command}\``
    case 'note':
      return `${row.goesOn ? `${glyphs.ellipsis} ` : ''}${row.text}`
  }
}

/** Text of users inside Markdown: what would be formatting is escaped, a line stays a line. */
export const markdownText = (text: string): string => text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\`*_[\]<>|#~&]/g, '\\$&')
