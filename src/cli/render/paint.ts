import { styleText } from 'node:util'
import type { Line, Screen, Tone } from './screen.ts'
import { textWidth } from './text-width.ts'

type Style = Parameters<typeof styleText>[0]

const styles: Readonly<Record<Tone, Style | undefined>> = {
  plain: undefined,
  strong: 'bold',
  quiet: 'gray',
  good: 'green',
  reused: 'cyan',
  active: 'blue',
  waiting: 'yellow',
  bad: 'red',
  crashed: 'magenta',
}

/** `text` filled with spaces to `columns`. */
export const padTo = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - textWidth(text)))
export const padBefore = (text: string, columns: number): string => ' '.repeat(Math.max(0, columns - textWidth(text))) + text

/** `text` cut to `columns`, ending with the ellipsis where something was cut. */
export function cutTo(text: string, columns: number, ellipsis: string): string {
  if (textWidth(text) <= columns) return text
  const room = columns - ellipsis.length
  if (room < 0) return text.slice(0, Math.max(0, columns))
  let kept = ''
  let width = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += textWidth(segment)
    if (width > room) break
    kept += segment
  }
  return kept + ellipsis
}

/** The line as the terminal shows it: cut to its width, coloured where it has colours. Control characters in the text are made harmless. */
export function paintLine(line: Line, screen: Screen): string {
  let left = screen.columns
  let painted = ''
  for (const [index, { text, tone }] of line.entries()) {
    if (left <= 0) break
    const clean = harmless(text)
    const width = textWidth(clean)
    const more = line.slice(index + 1).some(next => next.text !== '')
    // The ellipsis needs its place where this span just fits and another follows.
    const shown =
      width < left || (width === left && !more)
        ? clean
        : cutTo(`${clean}${more ? ' '.repeat(left) : ''}`, left, screen.glyphs.ellipsis)
    left -= textWidth(shown)
    const style = styles[tone]
    painted +=
      screen.color && style !== undefined && shown.trim() !== '' ? styleText(style, shown, { validateStream: false }) : shown
  }
  return painted.trimEnd()
}

export const paintLines = (lines: readonly Line[], screen: Screen): string =>
  lines.map(one => `${paintLine(one, screen)}\n`).join('')

/** Names and messages come from users' data: an escape sequence in one must not reach the terminal. */
export function harmless(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, control => (control === '\t' ? '  ' : ' '))
}
