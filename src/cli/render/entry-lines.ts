import { type Line, line, type Screen, span, type Tone, unlimitedColumns } from './screen.ts'
import { textWidth } from './text-width.ts'

/** One entry of many that are told one after the other: an event, say. */
export interface ListedEntry {
  /** When and what, padded so that lines stand below each other. */
  readonly head: string
  readonly tone: Tone
  /** `stage=report`. */
  readonly fields: readonly string[]
}

/** Of lines that go on. */
const indent = '  '

/** On a terminal lines that fit it, broken between fields and else between words: nothing is cut. Elsewhere one line of any length, for grep. */
export function entryLines({ head, tone, fields }: ListedEntry, { columns }: Screen): readonly Line[] {
  const [first = '', ...rest] = columns === unlimitedColumns ? [[head, ...fields].join(' ')] : wrapped(head, fields, columns)
  const firstLine: Line = [span(first.slice(0, head.length), tone), span(first.slice(head.length))]
  return [firstLine, ...rest.map(text => line(text))]
}

function wrapped(head: string, fields: readonly string[], columns: number): readonly string[] {
  const lines: string[] = []
  let last = head
  for (const field of fields) {
    if (textWidth(`${last} ${field}`) <= columns) {
      last = `${last} ${field}`
      continue
    }
    // A field that needs lines of its own begins where there is room for it.
    if (textWidth(indent + field) <= columns || textWidth(last) > columns / 2) {
      lines.push(last)
      last = indent
    } else last += ' '
    const pieces = brokenTo(field, columns - textWidth(last), columns - indent.length)
    const ending = pieces.pop() ?? ''
    for (const piece of pieces) {
      lines.push(last + piece)
      last = indent
    }
    last += ending
  }
  return [...lines, last].map(text => text.trimEnd())
}

/** A text in pieces of so many columns, broken behind a space where there is one. */
function brokenTo(text: string, firstColumns: number, columns: number): string[] {
  const pieces: string[] = []
  for (let rest = text; ; ) {
    const room = pieces.length === 0 ? firstColumns : columns
    if (textWidth(rest) <= room) return [...pieces, rest]
    const fitting = startOf(rest, room)
    const space = fitting.lastIndexOf(' ')
    const piece = space > 0 ? fitting.slice(0, space + 1) : fitting
    pieces.push(piece)
    rest = rest.slice(piece.length)
  }
}

/** As much of a text as so many columns hold, and at least one character. */
function startOf(text: string, columns: number): string {
  let end = 0
  let width = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += textWidth(segment)
    if (width > columns && end > 0) break
    end += segment.length
  }
  return text.slice(0, end)
}
