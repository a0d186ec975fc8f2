import type { FileSystem } from '../files/file-system.ts'
import type { Random } from '../model/clock.ts'
import { newProcessId } from '../model/ids.ts'
import type { CatalogImage } from './catalog-image.ts'

/** The image of a catalog as one file, replaced as a whole. Not durable, and of several processes the last counts: what it lacks is read from the log. */
export function imageFile(files: FileSystem, path: string, random: Random): CatalogImage {
  return {
    read: () => readImage(files, path).catch(() => undefined),
    async write(image) {
      const temporary = `${path}.${newProcessId(random)}.tmp`
      try {
        const file = await files.open(temporary, 'create')
        try {
          await file.write(image, 0)
        } finally {
          await file.close()
        }
        await files.rename(temporary, path)
      } catch {
        await files.remove(temporary).catch(() => {})
      }
    },
  }
}

/**
 * What such a file holds.
 *
 * @throws WaymarkError `corrupt` if it does not open; file errors
 */
export async function readImage(files: FileSystem, path: string): Promise<Uint8Array> {
  const file = await files.open(path, 'read')
  try {
    return await file.read(0, (await file.stat()).size)
  } finally {
    await file.close()
  }
}
