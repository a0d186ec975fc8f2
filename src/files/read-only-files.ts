import type { FileSystem, OpenFile } from './file-system.ts'

/**
 * A file system in which nothing below `root` can be changed: what would change it rejects with EROFS. Syncing a folder does nothing, because nothing in it changed.
 */
export function readOnlyFiles(files: FileSystem, root: string): FileSystem {
  const isInside = (path: string): boolean => path === root || path.startsWith(`${root}/`)
  const guarded = async <T>(path: string, change: () => Promise<T>): Promise<T> => {
    if (isInside(path)) throw refused(path)
    return change()
  }
  return {
    open: (path, mode, permissions): Promise<OpenFile> =>
      mode === 'read' ? files.open(path, mode) : guarded(path, () => files.open(path, mode, permissions)),
    makeDirectory: (path, permissions) => guarded(path, () => files.makeDirectory(path, permissions)),
    realPath: path => files.realPath(path),
    list: path => files.list(path),
    stat: path => files.stat(path),
    exists: path => files.exists(path),
    rename: (from, to) => guarded(isInside(from) ? from : to, () => files.rename(from, to)),
    remove: path => guarded(path, () => files.remove(path)),
    syncDirectory: async path => {
      if (!isInside(path)) await files.syncDirectory(path)
    },
  }
}

function refused(path: string): Error {
  return Object.assign(new Error(`EROFS: the store was opened to be read only, '${path}'`), { code: 'EROFS' })
}
