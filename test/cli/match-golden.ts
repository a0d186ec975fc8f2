import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

/** Compares with `test/cli/golden/<name>.txt`; `UPDATE_GOLDEN=1` writes it instead, to be read before it is committed. */
export function matchGolden(name: string, actual: string): void {
  const folder = new URL('./golden/', import.meta.url)
  const file = new URL(`${name}.txt`, folder)
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, actual)
    return
  }
  assert.ok(existsSync(file), `${file.pathname} is missing; UPDATE_GOLDEN=1 writes it`)
  assert.equal(actual, readFileSync(file, 'utf8'), `the screen differs from ${file.pathname}; UPDATE_GOLDEN=1 rewrites it`)
}
