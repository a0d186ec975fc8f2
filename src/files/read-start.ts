import { type FileSystem, fileErrorCode, type OpenFile } from './file-system.ts'

/** The first bytes of a file, at most so many; undefined if there is none. */
export async function readStart(files: FileSystem, path: string, most: number): Promise<Buffer | undefined> {
  let file: OpenFile
  try {
    file = await files.open(path, 'read')
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const bytes = await file.read(0, most)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  } finally {
    await file.close()
  }
}
