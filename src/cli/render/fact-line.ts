import { counted } from './quantities.ts'
import { type Line, line, type Screen, type Span, span } from './screen.ts'

/** What stands before every fact, in columns of the screen. */
export const labelColumns = 11

/** `  saved    yesterday`. Facts of more than one line have the label '' from the second on. */
export const factLine = (label: string, ...spans: readonly (string | Span)[]): Line => [
  span(`  ${label.padEnd(labelColumns - 3)} `, 'quiet'),
  ...spans.map(one => (typeof one === 'string' ? span(one) : one)),
]

/** `           … and 3 more columns` */
export const moreFactsLine = (amount: number, one: string, screen: Screen): Line =>
  line(`${' '.repeat(labelColumns)}${screen.glyphs.ellipsis} and ${counted(amount, `more ${one}`)}`, 'quiet')
