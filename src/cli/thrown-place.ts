import { spawnSync } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Place } from './config-place.ts'

/** Where a script went wrong: in itself or in one that it imports. */
export interface ThrownPlace {
  /** Absolute path. */
  readonly file: string
  readonly place: Place
}

const longestCheckMs = 10_000

/** Where an error says that the loading of a file failed; undefined where it does not. */
export function thrownPlace(error: unknown, file: string): ThrownPlace | undefined {
  if (!(error instanceof Error)) return undefined
  return (
    headPlace(error.stack) ?? (error instanceof SyntaxError ? placeByCheck(file, error.message) : framePlace(error.stack, file))
  )
}

/** Node puts `file:line`, the lines there and a mark below the last before the stack of a syntax error … */
function headPlace(text = ''): ThrownPlace | undefined {
  const [, path, line, mark] =
    /^(file:\/\/[^\n]*?|\/[^\n]*?|[A-Za-z]:\\[^\n]*?):(\d+)\n(?:(?:[^\n]*\n){1,4}?([ \t]*)\^+\n)?/.exec(text) ?? []
  if (path === undefined) return undefined
  const file = path.startsWith('file:') ? fileURLToPath(path) : path
  return { file, place: { line: Number(line), column: (mark?.length ?? 0) + 1 } }
}

/** … but for plain JavaScript only where it prints the error itself. Types it does not take away there. */
function placeByCheck(file: string, message: string): ThrownPlace | undefined {
  if (/\.[cm]?ts$/.test(file)) return undefined
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: longestCheckMs })
  return stderr.includes(message) ? headPlace(stderr) : undefined
}

/** The first frame in the file itself. */
function framePlace(stack = '', file: string): ThrownPlace | undefined {
  for (const name of [pathToFileURL(file).href, file]) {
    const at = stack.indexOf(`${name}:`)
    const [, line, column] = at < 0 ? [] : (/^:(\d+):(\d+)/.exec(stack.slice(at + name.length)) ?? [])
    if (line !== undefined) return { file, place: { line: Number(line), column: Number(column) } }
  }
  return undefined
}
