import type { FileStat, OpenFile } from '../files/file-system.ts'

/**
 * A file of which nothing may be believed: as long as it is, and all zeros.
 *
 * @param refused why, where that is known
 * @param lengthOf how long its content is, by the length of the file
 */
export function zeroedFile(file: OpenFile, refused?: string, lengthOf = (fileLength: number) => fileLength): OpenFile {
  const stat = async (): Promise<FileStat> => {
    const found = await file.stat()
    return { ...found, size: lengthOf(found.size) }
  }
  return {
    ...(refused === undefined ? {} : { refused }),
    async read(position, length) {
      const { size } = await stat()
      return new Uint8Array(Math.max(0, Math.min(length, size - position)))
    },
    write: (bytes, position) => file.write(bytes, position),
    sync: () => file.sync(),
    truncate: length => file.truncate(length),
    stat,
    close: () => file.close(),
  }
}
