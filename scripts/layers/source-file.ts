import { blankOut } from './blank-out.ts'

/** How an import takes effect: `value` when the file loads, `lazy` when the line runs, `type` never. */
export type ImportKind = 'value' | 'lazy' | 'type'

export interface Import {
  readonly specifier: string
  readonly kind: ImportKind
  /** The text between `import` and `from`, braces included. */
  readonly clause: string
  /** From 1. */
  readonly line: number
}

/** What the rules look at in one file. */
export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string
  readonly imports: readonly Import[]
  /** Line of `export default`. */
  readonly defaultExport?: number
  /** The file does nothing but import and export again. */
  readonly onlyReexports: boolean
}

// Statements are recognised at the start of a line, where the formatter puts them.
const clause = String.raw`(?:[\w$]+\s*,\s*)?(?:[\w$]+|\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})`
const from = new RegExp(String.raw`^(?:import|export)\s+(type\s+(?!from\b|,))?(${clause})\s*from\s*(['"])(.*?)\3[^\n]*`, 'gm')
const effect = /^import\s*(['"])(.*?)\1[^\n]*/gm
const lazy = /\b(?:import|require|getBuiltinModule)\(\s*(['"])(.*?)\1/g
const exportList = /^export\s+(?:type\s+)?\{[^}]*\}[^\n]*/gm
const defaultExport = /^export\s+(?:default\b|\{[^}]*\bas\s+default\b)/m

export function readSource(path: string, source: string): SourceFile {
  const code = blankOut(source)
  const lineAt = (index: number) => code.slice(0, index).split('\n').length
  const imports: Import[] = []
  for (const match of code.matchAll(from)) {
    const [, type, names = '', , specifier = ''] = match
    imports.push({ specifier, kind: type === undefined ? 'value' : 'type', clause: names, line: lineAt(match.index) })
  }
  for (const match of code.matchAll(effect)) {
    imports.push({ specifier: match[2] ?? '', kind: 'value', clause: '', line: lineAt(match.index) })
  }
  for (const match of code.matchAll(lazy)) {
    imports.push({ specifier: match[2] ?? '', kind: 'lazy', clause: '', line: lineAt(match.index) })
  }
  const rest = code.replace(from, '').replace(effect, '').replace(exportList, '')
  const ownDefault = defaultExport.exec(code)
  return {
    path,
    imports: imports.sort((a, b) => a.line - b.line),
    ...(ownDefault === null ? {} : { defaultExport: lineAt(ownDefault.index) }),
    onlyReexports: rest.trim() === '' && /^export\b/m.test(code),
  }
}
