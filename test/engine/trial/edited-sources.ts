import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Edit } from './chunk-removals.ts'

const root = join(import.meta.dirname, '../../..')

/** A copy of the sources in `folder`, edited. */
export function editedSources(folder: string, edits: readonly Edit[]): string {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const src = join(folder, 'src')
  cpSync(join(root, 'src'), src, { recursive: true })
  for (const { file, text, by } of edits) {
    const path = join(src, file)
    const parts = readFileSync(path, 'utf8').split(text)
    assert.equal(parts.length, 2, `${file} must hold this exactly once: ${text}`)
    writeFileSync(path, parts.join(by))
  }
  return src
}
