import { WaymarkError } from '../model/errors.ts'
import type { SchemaNode } from './parquet-column-type.ts'

/**
 * The library finds columns, and members of structs, by name: of two of one name it would give the first twice.
 *
 * @throws WaymarkError `unsupported` naming them
 */
export function checkParquetNames(nodes: readonly SchemaNode[], shown: string, inside = ''): void {
  const seen = new Set<string>()
  for (const { element, children } of nodes) {
    const path = inside === '' ? element.name : `${inside}.${element.name}`
    if (seen.has(element.name)) throw twice(path, shown)
    seen.add(element.name)
    checkParquetNames(children, shown, path)
  }
}

const twice = (path: string, shown: string): WaymarkError =>
  new WaymarkError('unsupported', {
    message: `${shown} has two columns named ${path}, of which only one could be read`,
    means: 'Nothing of it was read; nothing was changed.',
    remedy: 'Write the file with a name of its own for each column (in SQL: select a as a1, …).',
    details: { file: shown, column: path },
  })
