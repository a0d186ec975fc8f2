import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** A piece of code in the documentation. */
export interface CodeBlock {
  /** Path of the page or source file, below the repository. */
  readonly file: string
  /** Line of its first line, from 1. */
  readonly line: number
  /** What follows the opening fence: `ts`, `ts ignore` … */
  readonly info: string
  readonly text: string
}

/** README.md, CHANGELOG.md and everything in docs. */
export function pages(): string[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.md'))
  return ['README.md', 'CHANGELOG.md', ...docs.map(name => `docs/${name}`)]
}

export const readPage = (page: string): string => readFileSync(join(root, page), 'utf8')

/** The fenced blocks of a page. */
export function blocksOf(page: string): CodeBlock[] {
  const text = readPage(page)
  return [...text.matchAll(/^```(\S[^\n]*)\n([\s\S]*?)^```$/gm)].map(match => ({
    file: page,
    line: text.slice(0, match.index).split('\n').length + 1,
    info: match[1] ?? '',
    text: match[2] ?? '',
  }))
}

/** The `@example` blocks in the sources that src/index.ts re-exports, and in the interfaces that a store is put together from. */
export function docstringExamples(): CodeBlock[] {
  const index = readFileSync(join(root, 'src/index.ts'), 'utf8')
  const exported = [...index.matchAll(/ from '\.\/([^']+)'/g)].map(([, path]) => `src/${path}`)
  const store = readFileSync(join(root, 'src/engine/store.ts'), 'utf8')
  const verbs = [...store.matchAll(/ \{ \w+Verbs \} from '\.\/([^']+)'/g)].map(([, path]) => `src/engine/${path}`)
  return [...new Set([...exported, ...verbs])].flatMap(examplesIn)
}

function examplesIn(file: string): CodeBlock[] {
  const text = readFileSync(join(root, file), 'utf8')
  const comments = text.matchAll(/\/\*\*[\s\S]*?\*\//g)
  return [...comments].flatMap(comment =>
    [...comment[0].matchAll(/@example\n([\s\S]*?)(?=\n \* @|\n? \*\/)/g)].map(match => ({
      file,
      line: text.slice(0, comment.index + match.index).split('\n').length + 1,
      info: 'ts',
      text: (match[1] ?? '').replace(/^ *\* ?/gm, ''),
    })),
  )
}

/** Where a page's relative link leads, below the repository. */
export const linkTarget = (page: string, link: string): string => join(dirname(page), link)
