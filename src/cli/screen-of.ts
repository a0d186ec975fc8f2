import type { Flags } from './command-line.ts'
import { asciiGlyphs, type Screen, unicodeGlyphs, unlimitedColumns } from './render/screen.ts'
import type { Environment } from './settings.ts'

/** The parts of a stream that say what it can show. */
export interface ShowsText {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** What a stream can show: size, colours and signs, each stream for itself. */
export function screenOf(stream: ShowsText, flags: Flags, environment: Environment): Screen {
  const terminal = isTerminal(stream, environment)
  return {
    columns: terminal ? Math.max(20, stream.columns ?? 80) : unlimitedColumns,
    rows: terminal ? (stream.rows ?? 24) : unlimitedColumns,
    color: showsColor(terminal, flags, environment),
    glyphs: speaksUtf8(environment) ? unicodeGlyphs : asciiGlyphs,
  }
}

/** A terminal that can redraw lines. */
export const isTerminal = (stream: ShowsText, environment: Environment): boolean =>
  stream.isTTY === true && environment['TERM'] !== 'dumb'

/** Flags first, then the conventions: NO_COLOR (no-color.org), FORCE_COLOR, TERM. */
function showsColor(terminal: boolean, flags: Flags, environment: Environment): boolean {
  if (flags.on('no-color')) return false
  if (flags.on('color')) return true
  if (isSet(environment['NO_COLOR'])) return false
  const forced = environment['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return terminal
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== ''

/** By the locale, in the order in which the C library reads it; Windows terminals speak UTF-8. */
function speaksUtf8(environment: Environment): boolean {
  if (process.platform === 'win32') return true
  const locale = [environment['LC_ALL'], environment['LC_CTYPE'], environment['LANG']].find(isSet) ?? ''
  return /utf-?8/i.test(locale)
}
