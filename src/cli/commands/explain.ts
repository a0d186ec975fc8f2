import { nearest } from '../../model/did-you-mean.ts'
import { type ErrorCode, exitCodeOf } from '../../model/errors.ts'
import { wrongUsage } from '../command-line.ts'
import { commandNamed } from '../command-table.ts'
import type { Context } from '../context.ts'
import { type ErrorGuide, errorGuides } from '../error-guides.ts'
import { document } from '../json-shapes.ts'
import { factLine } from '../render/fact-line.ts'
import { type Line, line, span } from '../render/screen.ts'

/** `waymark explain [CODE]` */
export async function explainCommand({ line: typed, output }: Context): Promise<number> {
  const [asked] = typed.arguments
  if (asked === undefined) {
    const codes = allCodes.map(code => ({ code, exitCode: exitCodeOf[code], short: errorGuides[code].short }))
    if (output.json) output.jsonLine(document('explain', { codes }, { command: 'waymark explain corrupt' }))
    else await output.result(listLines(codes))
    return 0
  }
  const code = knownCode(asked)
  const guide = errorGuides[code]
  if (output.json) output.jsonLine(document('explain', { code, exitCode: exitCodeOf[code], ...plainGuide(guide) }))
  else await output.result(guideLines(code, plainGuide(guide)))
  return 0
}

const allCodes = Object.keys(exitCodeOf).filter((code): code is ErrorCode => code in errorGuides)

function knownCode(asked: string): ErrorCode {
  // A code is also found as it is said: "disk full", disk-full.
  const word = asked.toLowerCase().replaceAll(/[\s-]+/g, '_')
  const code = allCodes.find(one => one === word)
  if (code !== undefined) return code
  const near = nearest(word, allCodes)
  const meant = near === undefined ? `; there are ${allCodes.join(', ')}` : `; did you mean ${near}?`
  throw wrongUsage(`there is no error code ${JSON.stringify(asked)}${meant}`, commandNamed('explain'))
}

/** Without what only a page of Markdown can show. */
const plainGuide = ({ short, when, data, remedy }: ErrorGuide): ErrorGuide => ({
  short: plain(short),
  when: plain(when),
  data: plain(data),
  remedy: plain(remedy),
})

const plain = (text: string): string =>
  text.replaceAll(/\[([^\]]+)\]\(([^)]+)\)/g, (_, shown, target) => `${shown} (${page(target)})`).replaceAll('`', '')

const page = (target: string): string => (target.startsWith('#') ? `docs/errors.md${target}` : `docs/${target}`)

function guideLines(code: ErrorCode, { short, when, data, remedy }: ErrorGuide): Line[] {
  return [
    [span(code, 'strong'), span(`  ${short}; exit code ${exitCodeOf[code]}`)],
    ...factLines('when', when),
    ...factLines('means', data),
    ...factLines('do', remedy),
    factLine('more', span(`docs/errors.md#${code}`, 'quiet')),
  ]
}

/** At a width that can be read, whatever the screen. */
function factLines(label: string, text: string): Line[] {
  const rows: string[] = []
  for (const word of text.split(' ')) {
    const last = rows.at(-1)
    if (last !== undefined && last.length + word.length < readableColumns) rows[rows.length - 1] = `${last} ${word}`
    else rows.push(word)
  }
  return rows.map((row, index) => factLine(index === 0 ? label : '', row))
}

const readableColumns = 90

function listLines(codes: readonly { readonly code: string; readonly exitCode: number; readonly short: string }[]): Line[] {
  const width = Math.max(...codes.map(({ code }) => code.length))
  return [
    ...codes.map(({ code, exitCode, short }): Line => [span(code.padEnd(width), 'strong'), span(`  exit ${exitCode}  ${short}`)]),
    line('waymark explain CODE says what one means for the data, and what to do', 'quiet'),
  ]
}
