import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { WaymarkError } from '../model/errors.ts'

/** Works on what comes in on stdin as on a file, which only this user can read and which is gone afterwards. */
export async function withStandardInput<T>(work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-stdin-'))
  try {
    const path = join(folder, 'stdin')
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 })).catch(error => {
      throw new WaymarkError('unavailable', {
        message: `cannot keep what came in on stdin: ${error instanceof Error ? error.message : String(error)}`,
        means: 'Nothing was saved.',
        remedy: 'Free some space for temporary files, or write it into a file and import that.',
        cause: error,
      })
    })
    return await work(path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
