import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import type { CodeDigest } from '../model/code-digest.ts'
import { projectRoot } from './project-root.ts'

/** A pipeline of more files than this is digested in part: the digest is shown, never decisive. */
const maxFiles = 500
/** Lines that are told apart, over all files, nearest to the pipeline's first: with three characters each they add at most 60 KB to the record of an attempt. */
const maxLines = 20_000
/** Characters for each line: 18 bits, so that one change in 262,144 is not seen. The digest of the file sees it. */
export const lineMarkLength = 3
const noCode = '.'.repeat(lineMarkLength)

/**
 * Digest of the project files that a pipeline's file imports, directly or through others: comments and white space do not count, packages neither. Imports are found in the text, so one
 * whose name is computed is missed.
 */
export function digestCode(file: string): CodeDigest {
  const root = projectRoot(dirname(file)) ?? dirname(file)
  const files: Record<string, string> = {}
  const lines: Record<string, string> = {}
  let linesLeft = maxLines
  const waiting = [resolve(file)]
  const seen = new Set(waiting)
  while (waiting.length > 0 && Object.keys(files).length < maxFiles) {
    const path = waiting.shift()
    const text = path === undefined ? undefined : readSource(path)
    if (path === undefined || text === undefined) continue
    const code = stripComments(text)
    const name = relative(root, path)
    files[name] = createHash('sha256').update(code.replace(/\s+/g, ' ').trim()).digest('hex').slice(0, 16)
    const marks = lineMarks(code)
    linesLeft -= marks.length / lineMarkLength
    if (linesLeft >= 0) lines[name] = marks
    for (const imported of relativeImports(code)) {
      const target = resolve(dirname(path), imported)
      if (seen.has(target)) continue
      seen.add(target)
      waiting.push(target)
    }
  }
  const entries = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))
  const digest = createHash('sha256').update(entries.map(entry => entry.join(' ')).join('\n'))
  return { digest: digest.digest('hex').slice(0, 16), files, lines }
}

/** A short mark for each line of code without comments, its white space aside. */
function lineMarks(code: string): string {
  let marks = ''
  for (const line of code.split('\n')) {
    const text = line.trim().replace(/\s+/g, ' ')
    marks += text === '' ? noCode : createHash('sha256').update(text).digest('base64').slice(0, lineMarkLength)
  }
  return marks
}

function readSource(path: string): string | undefined {
  return existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined
}

function relativeImports(code: string): string[] {
  const found = code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(['"])(\.{1,2}\/[^'"]+)\1/g)
  return Array.from(found, match => match[2] ?? '')
}

/**
 * The text without `//` and `/* *\/` comments; strings and templates stay as they are. A regular expression that holds a quote may mislead it, which at worst shows a change of a
 * comment as a change of code.
 */
export function stripComments(text: string): string {
  const pieces = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g
  return text.replace(pieces, piece => (piece.startsWith('//') || piece.startsWith('/*') ? blanked(piece) : piece))
}

/** Every line keeps its number. */
const blanked = (comment: string): string => ` ${comment.replace(/[^\n]+/g, '')}`
