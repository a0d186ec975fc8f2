import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The nearest folder from `from` upward that holds a package.json; undefined if there is none. */
export function projectRoot(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (dirname(folder) === folder) return undefined
  }
}
