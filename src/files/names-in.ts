import { type FileSystem, fileErrorCode } from './file-system.ts'

/** Names in a folder, sorted; none where it is missing, or is no folder. */
export async function namesIn(files: FileSystem, folder: string): Promise<readonly string[]> {
  try {
    return await files.list(folder)
  } catch (error) {
    const code = fileErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}
