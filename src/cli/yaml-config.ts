import { isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type { ConfigPath } from './config-problem.ts'

/** What a text of YAML says, or what is wrong with it. */
export type ReadYaml = { readonly value: unknown } | { readonly error: string; readonly line: number; readonly column: number }

/** Reads YAML 1.2; a text without anything but comments is undefined. */
export function readYaml(text: string): ReadYaml {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) {
    const { line, col: column } = counter.linePos(problem.pos[0])
    return { error: problem.message, line, column }
  }
  try {
    return { value: document.contents === null ? undefined : document.toJS() }
  } catch (error) {
    // An alias of nothing, or of itself, or of more than any config needs.
    const aliases: number[] = []
    visit(document, {
      Alias(_, alias) {
        aliases.push(alias.range?.[0] ?? 0)
      },
    })
    const { line, col: column } = counter.linePos(aliases[0] ?? 0)
    return { error: error instanceof Error ? error.message : String(error), line, column }
  }
}

/** Where the key of this path stands. */
export function yamlPlace(text: string, path: ConfigPath): { readonly line: number; readonly column: number } | undefined {
  const counter = new LineCounter()
  let node: unknown = parseDocument(text, { lineCounter: counter }).contents
  let offset: number | undefined
  for (const part of path) {
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === part) : undefined
    if (pair === undefined || !isScalar(pair.key)) return undefined
    offset = pair.key.range?.[0]
    node = pair.value
  }
  if (offset === undefined) return undefined
  const { line, col: column } = counter.linePos(offset)
  return { line, column }
}
