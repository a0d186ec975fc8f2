/** What a span of text means; the terminal decides how that looks. */
export type Tone = 'plain' | 'strong' | 'quiet' | 'good' | 'reused' | 'active' | 'waiting' | 'bad' | 'crashed'

export interface Span {
  readonly text: string
  readonly tone: Tone
}

/** One line of a screen, without its line end. */
export type Line = readonly Span[]

/** Wide enough for every line. */
export const unlimitedColumns = 10_000

/** The screen for lines that stay: nothing is cut from what somebody may want to copy; the terminal wraps it. */
export const lasting = (screen: Screen): Screen => ({ ...screen, columns: unlimitedColumns })

/** What the output it is drawn for can show. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly color: boolean
  readonly glyphs: Glyphs
}

/** Every sign has a word beside it; none is an emoji (some terminals draw those two cells wide). */
export interface Glyphs {
  readonly completed: string
  readonly reused: string
  readonly running: string
  readonly waiting: string
  readonly paused: string
  readonly failed: string
  readonly crashed: string
  readonly cancelled: string
  readonly redo: string
  readonly checkpoint: string
  readonly separator: string
  readonly dash: string
  readonly ellipsis: string
  /** From what was to what is. */
  readonly arrow: string
  readonly barDone: string
  readonly barReused: string
  readonly barLeft: string
  /** From the lowest to the highest. */
  readonly spark: string
}

export const unicodeGlyphs: Glyphs = {
  completed: '✓',
  reused: '◍',
  running: '►',
  waiting: '○',
  paused: '◔',
  failed: '✗',
  crashed: '↯',
  cancelled: '■',
  redo: '↻',
  checkpoint: '◆',
  separator: '·',
  dash: '–',
  ellipsis: '…',
  arrow: '→',
  barDone: '█',
  barReused: '▒',
  barLeft: '░',
  spark: '▁▂▃▄▅▆▇█',
}

export const asciiGlyphs: Glyphs = {
  completed: '+',
  reused: '=',
  running: '>',
  waiting: '-',
  paused: '~',
  failed: 'x',
  crashed: '!',
  cancelled: '#',
  redo: '<',
  checkpoint: '*',
  separator: '|',
  dash: '-',
  ellipsis: '...',
  arrow: '->',
  barDone: '#',
  barReused: '=',
  barLeft: '.',
  spark: '_.:-=+*#',
}

export const span = (text: string, tone: Tone = 'plain'): Span => ({ text, tone })

/** A line of one tone. */
export const line = (text: string, tone: Tone = 'plain'): Line => [span(text, tone)]
