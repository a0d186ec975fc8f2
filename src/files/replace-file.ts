import type { FileSystem } from './file-system.ts'
import { parentOf } from './make-durable-directory.ts'

/** Takes part in a replacement between its steps: counts bytes, and throws to stop. */
export type CountBytes = (bytes: number) => void

export interface Replacement {
  readonly files: FileSystem
  readonly path: string
  /** In the same folder; nothing may be there. Whatever becomes of the replacement, nothing is there afterwards. */
  readonly temporary: string
  /** Writes the new file under the temporary name, synced, and proves that it says what the old one says. False: the old one changed meanwhile. */
  readonly write: () => Promise<boolean>
}

/**
 * Puts another file in the place of one: whoever opens the name finds the one before or the new one, whole. Durable when it resolves. False, with the file left as it is, if it was removed or replaced meanwhile.
 */
export async function replaceFile({ files, path, temporary, write }: Replacement): Promise<boolean> {
  const before = await files.stat(path)
  if (before === undefined) return false
  try {
    const written = await write()
    if (written && (await files.stat(path))?.identity === before.identity) {
      await files.rename(temporary, path)
      await files.syncDirectory(parentOf(path))
      return true
    }
  } catch (error) {
    await files.remove(temporary).catch(() => {})
    throw error
  }
  await files.remove(temporary)
  return false
}
