import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { readSource, type SourceFile } from './source-file.ts'

/** Every TypeScript file of `src` and `examples` below `root`, sorted by path. */
export function readSourceFiles(root: string): SourceFile[] {
  return ['src', 'examples']
    .filter(folder => existsSync(join(root, folder)))
    .flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
        path => `${folder}/${path.split(sep).join('/')}`,
      ),
    )
    .filter(path => /\.[mc]?tsx?$/.test(path) && !path.includes('/node_modules/'))
    .sort()
    .map(path => readSource(path, readFileSync(join(root, path), 'utf8')))
}
