import type { FileSystem, OpenFile } from '../files/file-system.ts'
import type { OperationTimer } from '../model/operation-timer.ts'
import type { Operation } from '../model/timings.ts'

/** Files whose writing and syncing is told apart from the rest of `within`, in which it happens. */
export function timedFiles(files: FileSystem, timer: OperationTimer, within: Operation): FileSystem {
  const timed = async <T>(operation: Operation, work: () => Promise<T>): Promise<T> => {
    if (!timer.isUnderWay(within)) return timer.during(operation, work)
    timer.change(within, operation)
    try {
      return await work()
    } finally {
      timer.change(operation, within)
    }
  }
  const timedFile = (file: OpenFile): OpenFile => ({
    read: (position, length) => file.read(position, length),
    write: (bytes, position) => timed('write', () => file.write(bytes, position)),
    sync: () => timed('fsync', () => file.sync()),
    truncate: length => file.truncate(length),
    stat: () => file.stat(),
    close: () => file.close(),
  })
  return {
    open: async (path, mode, permissions) => timedFile(await files.open(path, mode, permissions)),
    makeDirectory: (path, permissions) => files.makeDirectory(path, permissions),
    realPath: path => files.realPath(path),
    list: path => files.list(path),
    stat: path => files.stat(path),
    exists: path => files.exists(path),
    rename: (path, to) => timed('fsync', () => files.rename(path, to)),
    remove: path => files.remove(path),
    syncDirectory: path => timed('fsync', () => files.syncDirectory(path)),
  }
}
