import { readFile } from 'node:fs/promises'
import type { ConfigPath } from './config-problem.ts'

/** Where something stands in a file; both from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Where the option of this path stands in a config file; undefined where its text does not show it (a config that is computed, say). */
export async function configPlace(file: string, path: ConfigPath): Promise<Place | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined || path.length === 0) return undefined
  if (/\.ya?ml$/.test(file)) return (await import('./yaml-config.ts')).yamlPlace(text, path)
  return scriptPlace(text, path)
}

/** `file:line:column`, or as much of it as is known. */
export const placeText = (file: string, place: Place | undefined): string =>
  place === undefined ? file : `${file}:${place.line}:${place.column}`

/** The line and column of a place in a text. */
export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

/** JSON, JavaScript, TypeScript: the key of each part, behind that of the part before it and at its depth. Keys in comments and texts are none. */
function scriptPlace(text: string, path: ConfigPath): Place | undefined {
  const code = withoutTexts(text)
  let at = 0
  let found: number | undefined
  for (const part of path) {
    found = keyBehind(code, at, part)
    if (found === undefined) return undefined
    at = found + part.length
  }
  return found === undefined ? undefined : placeAt(text, found)
}

/** Where `part` is a key in the braces that are opened next, not in braces inside of those. */
function keyBehind(code: string, from: number, part: string): number | undefined {
  const isKeyAt = (at: number): boolean =>
    code.startsWith(part, at) &&
    !/[\w$]/.test(code[at - 1] ?? '') &&
    /^["'`]?\s*:/.test(code.slice(at + part.length, at + part.length + 40))
  const first = code.indexOf('{', from)
  const starts = from === 0 ? bracesOf(code) : first < 0 ? [] : [first]
  for (const start of starts) {
    let depth = 0
    for (let at = start; at < code.length; at++) {
      const letter = code[at] ?? ''
      if ('{[('.includes(letter)) depth++
      else if ('}])'.includes(letter) && --depth === 0) break
      else if (depth === 1 && isKeyAt(at)) return at
    }
  }
  return undefined
}

/** In a script the config may be any object of it; what is exported as default most often stands right behind that. */
function bracesOf(code: string): readonly number[] {
  const braces = [...code.matchAll(/\{/g)].map(({ index }) => index)
  const exported = code.indexOf('export default')
  return [...braces.filter(at => at > exported), ...braces.filter(at => at < exported)]
}

/** The text with what is inside of comments blank, and what is inside of quotes too where no colon follows them: what is left keeps its place. */
function withoutTexts(text: string): string {
  const pattern = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|(["'`])(?:\\[\s\S]|(?!\1)[^\\])*\1/g
  return text.replace(pattern, (found: string, quote: string | undefined, at: number) =>
    quote !== undefined && /^\s*:/.test(text.slice(at + found.length, at + found.length + 40))
      ? found
      : found.replace(/[^\n]/g, ' '),
  )
}
