import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { projectRoot } from './project-root.ts'

/** An existing store: `.waymark` in `from` or a folder above it, else beside the nearest package.json. */
export function findStore(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const candidate = join(folder, '.waymark')
    if (isFolder(candidate)) return candidate
    if (dirname(folder) === folder) return undefined
  }
}

/** Where a new store is made: beside the nearest package.json from `from` upward, else in `from`. */
export function storePathFor(from: string): string {
  return join(projectRoot(resolve(from)) ?? resolve(from), '.waymark')
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
