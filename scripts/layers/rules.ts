import { posix } from 'node:path'
import { findCycles } from './import-cycles.ts'
import {
  backendReason,
  backends,
  emptyNames,
  guardedModules,
  lateBuiltins,
  layers,
  libraryEntries,
  outsiders,
} from './layer-table.ts'
import type { Import, SourceFile } from './source-file.ts'

export interface Violation {
  readonly file: string
  readonly line: number
  readonly rule: string
  readonly reason: string
}

type Rule = (file: SourceFile) => Violation[]

/** Everything that is wrong with the files of src and examples, in the order of the files. */
export function findViolations(files: readonly SourceFile[]): Violation[] {
  const perFile: readonly Rule[] = [
    namesSaySomething,
    importsPointDown,
    backendsAreNamedOnce,
    modulesStayWhereTheyBelong,
    exportsAreNamed,
  ]
  const source = files.filter(file => file.path.startsWith('src/') && outsiderOf(file) === undefined)
  return [
    ...source.flatMap(file => perFile.flatMap(rule => rule(file))),
    ...files.filter(file => outsiderOf(file) !== undefined).flatMap(staysOutside),
    ...noCycles(source),
    ...oldNodeGetsASentence(source),
  ].sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
}

function namesSaySomething(file: SourceFile): Violation[] {
  return file.path
    .split('/')
    .filter(segment => emptyNames.test(segment.replace(/\..*$/, '')))
    .map(segment =>
      violation(file, 1, `nothing is named ${segment}`, 'the tree reads as a glossary: name a file after what it exports'),
    )
}

function importsPointDown(file: SourceFile): Violation[] {
  const own = layerOf(file.path)
  const layer = layers.find(candidate => candidate.name === own)
  if (layer === undefined) {
    return [violation(file, 1, `${own} has no row in scripts/layers/layer-table.ts`, 'a new part says first what it may import')]
  }
  return file.imports.flatMap(found => {
    const target = targetOf(file, found)
    if (target === undefined) {
      const byName = /^waymark(\/|$)/.test(found.specifier)
      return byName ? [violation(file, found.line, 'src does not import the package it is', 'import the file itself')] : []
    }
    const other = layerOf(target)
    if (target.startsWith('src/') && (other === own || layer.mayImport.includes(other))) return []
    const allowed = layer.mayImport.length > 0 ? layer.mayImport.join(', ') : 'nothing else'
    return [
      violation(
        file,
        found.line,
        `${own} may not import ${inSrc(target)} (it may import: ${allowed})`,
        `${own}: ${layer.reason}`,
      ),
    ]
  })
}

function backendsAreNamedOnce(file: SourceFile): Violation[] {
  const own = layerOf(file.path)
  if (own === 'open.ts' || own === 'testing') return []
  return file.imports.flatMap(found => {
    const target = targetOf(file, found)
    if (target === undefined || layerOf(target) === own || !backends.includes(inSrc(target))) return []
    return [violation(file, found.line, `${own} may not import the backend ${inSrc(target)}`, backendReason)]
  })
}

function modulesStayWhereTheyBelong(file: SourceFile): Violation[] {
  return file.imports.flatMap(found => {
    if (found.kind === 'type' || found.specifier.startsWith('.')) return []
    const guard = guardedModules.find(candidate => candidate.modules.includes(found.specifier))
    if (guard === undefined) {
      if (/^(node|waymark)(:|\/|$)/.test(found.specifier)) return []
      return [
        violation(
          file,
          found.line,
          `${found.specifier} has no row in scripts/layers/layer-table.ts`,
          'a library is loaded in one known place',
        ),
      ]
    }
    const places = Object.keys(guard.allowed)
    const path = inSrc(file.path)
    if (places.some(place => (place.endsWith('/') ? path.startsWith(place) : path === place))) return []
    return [violation(file, found.line, `${found.specifier} is loaded only in ${places.join(', ')}`, guard.reason)]
  })
}

function exportsAreNamed(file: SourceFile): Violation[] {
  const found: Violation[] = []
  if (file.defaultExport !== undefined) {
    found.push(
      violation(
        file,
        file.defaultExport,
        'no default export in src',
        'a name given at the export is the same everywhere and can be searched',
      ),
    )
  }
  const isEntry = libraryEntries.includes(file.path)
  if (file.onlyReexports && !isEntry) {
    found.push(
      violation(
        file,
        1,
        'no file that only re-exports',
        'import from the file that holds the thing; a barrel hides who uses what and makes cycles',
      ),
    )
  }
  if (file.path === 'src/index.ts' && !file.onlyReexports) {
    found.push(violation(file, 1, 'index.ts only re-exports', 'it is the table of contents of the library'))
  }
  return found
}

function staysOutside(file: SourceFile): Violation[] {
  const outsider = outsiderOf(file)
  if (outsider === undefined) return []
  const [part = ''] = file.path.slice(outsider.folder.length + 1).split('/')
  const own = `${outsider.folder}/${part}`
  return file.imports.flatMap(found => {
    const target = targetOf(file, found)
    if (target === undefined || target === file.path || target.startsWith(`${own}/`)) return []
    return [violation(file, found.line, `${own} may not import ${target}, only the package waymark`, outsider.reason)]
  })
}

/** Only imports that take effect while the files load: a type or a lazy import cannot meet a half-loaded file. */
function noCycles(files: readonly SourceFile[]): Violation[] {
  const graph = valueGraph(files)
  return findCycles(graph).flatMap(cycle => {
    const file = files.find(candidate => candidate.path === cycle[0])
    const found = file?.imports.find(candidate => candidate.kind === 'value' && cycle.includes(targetOf(file, candidate) ?? ''))
    if (file === undefined || found === undefined) return []
    const reason = 'files that need each other load in an order nobody chose, and can only be understood together'
    return [violation(file, found.line, `import cycle: ${cycle.map(inSrc).join(', ')}`, reason)]
  })
}

function oldNodeGetsASentence(files: readonly SourceFile[]): Violation[] {
  const graph = valueGraph(files)
  const loaded = new Set<string>(libraryEntries)
  for (const path of loaded) for (const next of graph.get(path) ?? []) loaded.add(next)
  const reason =
    'an old Node fails on it before model/node-version.ts can say what to do; import it lazily, or zlib as a namespace'
  return files
    .filter(file => loaded.has(file.path))
    .flatMap(file =>
      file.imports
        .filter(
          found =>
            found.kind === 'value' && lateBuiltins.some(late => late.module === found.specifier && late.names.test(found.clause)),
        )
        .map(found => violation(file, found.line, `${found.specifier} ${found.clause} is loaded with the library`, reason)),
    )
}

function valueGraph(files: readonly SourceFile[]): Map<string, string[]> {
  const targets = (file: SourceFile) =>
    file.imports.filter(found => found.kind === 'value').flatMap(found => targetOf(file, found) ?? [])
  return new Map(files.map(file => [file.path, targets(file)]))
}

function violation(file: SourceFile, line: number, rule: string, reason: string): Violation {
  return { file: file.path, line, rule, reason }
}

/** Path of the imported file from the root, or nothing for packages and builtins. */
function targetOf(file: SourceFile, found: Import): string | undefined {
  return found.specifier.startsWith('.') ? posix.join(posix.dirname(file.path), found.specifier) : undefined
}

function outsiderOf(file: SourceFile) {
  return outsiders.find(candidate => file.path.startsWith(`${candidate.folder}/`))
}

function inSrc(path: string): string {
  return path.replace(/^src\//, '')
}

function layerOf(path: string): string {
  return inSrc(path).split('/')[0] ?? ''
}
