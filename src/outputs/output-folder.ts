import { resolve } from 'node:path'
import type { FileSystem } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import { outputFailed } from './output-faults.ts'

/**
 * The folder an output writes into, with links followed. Need not exist.
 *
 * @throws WaymarkError `invalid` if something else is there; `unavailable`
 */
export async function itemFolder(files: FileSystem, shown: string, baseDirectory: string): Promise<string> {
  const given = resolve(baseDirectory, shown)
  try {
    const folder = await files.realPath(given)
    const found = await files.stat(folder)
    if (found === undefined || found.kind === 'directory') return folder
  } catch (error) {
    throw outputFailed(error, shown, given)
  }
  throw new WaymarkError('invalid', {
    message: `${shown} is a file, not a folder`,
    means: 'Nothing was written.',
    remedy: 'Name a folder, or one that does not exist yet: this output is made of several files.',
    details: { file: given },
  })
}
