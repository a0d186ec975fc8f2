import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileErrorCode } from '../files/file-system.ts'

/**
 * Makes a folder and those above it that are missing, each with mode 0700. Not by `mkdirSync(…, { recursive: true })`: Node 24 never comes back from that in a folder such as /proc, where none can be made and ENOENT says so.
 *
 * @throws what the file system says
 */
export function makeFolder(path: string): void {
  if (wasMade(path)) return
  makeFolder(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

/** False where the one above it is missing. */
function wasMade(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 })
    return true
  } catch (error) {
    const code = fileErrorCode(error)
    if (code === 'EEXIST') return true
    if (code === 'ENOENT' && dirname(path) !== path) return false
    throw error
  }
}
