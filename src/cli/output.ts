import { redactedJson } from '../engine/redacted-json.ts'
import type { Redaction } from '../engine/redaction.ts'
import type { Flags } from './command-line.ts'
import { asciiGlyphs, type Line, lasting, type Screen } from './render/screen.ts'
import { screenOf } from './screen-of.ts'
import type { Environment } from './settings.ts'
import { typedCommands } from './typed-command.ts'

/** A stream the command line writes to. */
export type Writable = NodeJS.WriteStream

/** Where a command speaks: results to stdout, everything else to stderr. Under `--json` stdout carries JSON alone. */
export interface Output {
  readonly json: boolean
  readonly quiet: boolean
  readonly debug: boolean
  readonly stdoutScreen: Screen
  readonly stderrScreen: Screen
  /** What is not to be shown, once that is known. */
  readonly redaction: Redaction | undefined
  /** From now on nothing is written without asking this; undefined: everything may be shown. */
  showWith(redaction: Redaction | undefined): void
  /** The same text without what is not to be shown. */
  shownText(text: string): string
  /** Writes a result for people; `cut` to the width of the terminal where wrapped lines could not be read (tables). */
  result(lines: readonly Line[], how?: 'cut'): Promise<void>
  /** Writes a message for people. */
  message(lines: readonly Line[]): Promise<void>
  /** Writes a whole document, of HTML for instance, as it is. */
  document(text: string): void
  /** Writes one JSON object as a line. */
  jsonLine(value: object): void
}

/** Writes raw text to stdout whatever guards it. */
export type WriteText = (text: string) => void

/** What `main` works with: the process, as far as a command may touch it. */
export function createOutput(flags: Flags, json: boolean, environment: Environment, writeStdout: WriteText): Output {
  const stdoutScreen = screenOf(process.stdout, flags, environment)
  const stderrScreen = screenOf(process.stderr, flags, environment)
  let redaction: Redaction | undefined
  const shownText = (text: string): string => redaction?.hidden.without(text) ?? text
  const paint = async (lines: readonly Line[], screen: Screen) => {
    const { paintLines } = await import('./render/paint.ts')
    const shown = lines.map(spans => spans.map(one => ({ ...one, text: maskOn(screen, shownText(one.text)) })))
    return typedCommands(paintLines(shown, screen), environment)
  }
  return {
    json,
    quiet: flags.on('quiet'),
    debug: flags.on('debug'),
    stdoutScreen,
    stderrScreen,
    get redaction() {
      return redaction
    },
    showWith: next => {
      redaction = next
    },
    shownText,
    result: async (lines, how) => writeStdout(await paint(lines, how === 'cut' ? stdoutScreen : lasting(stdoutScreen))),
    message: async lines => void process.stderr.write(await paint(lines, lasting(stderrScreen))),
    document: text => writeStdout(shownText(text)),
    jsonLine: value => {
      const typed = withTypedHint(value, environment)
      const shown = redaction === undefined ? typed : redactedJson(typed, redaction)
      writeStdout(`${JSON.stringify(shown, jsonValue)}\n`)
    },
  }
}

/** Where the terminal has no dots. */
const maskOn = ({ glyphs }: Screen, text: string): string => (glyphs === asciiGlyphs ? text.replaceAll('•••', '***') : text)

/** Only the hint is meant to be typed; what users wrote stays as it is. */
function withTypedHint(value: object, environment: Environment): object {
  if (!('hint' in value) || typeof value.hint !== 'object' || value.hint === null || !('command' in value.hint)) return value
  return { ...value, hint: { ...value.hint, command: typedCommands(String(value.hint.command), environment) } }
}

/** What JSON has no form for, in a form a reader can use. */
export function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Set) return [...value]
  if (ArrayBuffer.isView(value)) return { bytes: value.byteLength }
  return value
}
