import { type FileSystem, fileErrorCode, type OpenFile } from './file-system.ts'

/** Works on a file while it is open for reading; undefined if there is none. */
export async function openIfThere<T>(
  files: FileSystem,
  path: string,
  work: (file: OpenFile) => Promise<T>,
): Promise<T | undefined> {
  let file: OpenFile
  try {
    file = await files.open(path, 'read')
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    return await work(file)
  } finally {
    await file.close()
  }
}
