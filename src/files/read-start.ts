import type { FileSystem } from './file-system.ts'
import { openIfThere } from './open-if-there.ts'

/** The first bytes of a file, at most so many; undefined if there is none. */
export const readStart = (files: FileSystem, path: string, most: number): Promise<Buffer | undefined> =>
  openIfThere(files, path, async file => {
    const bytes = await file.read(0, most)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  })
