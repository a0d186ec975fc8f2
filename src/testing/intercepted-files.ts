import type { FileSystem, OpenFile, OpenMode } from '../files/file-system.ts'

/** The methods of the port and of an open file; `stat` stands for both. */
export type OperationKind =
  | 'open'
  | 'makeDirectory'
  | 'list'
  | 'stat'
  | 'exists'
  | 'rename'
  | 'remove'
  | 'syncDirectory'
  | 'write'
  | 'read'
  | 'sync'
  | 'truncate'
  | 'close'

/** One call of the port. */
export interface FileOperation {
  readonly kind: OperationKind
  /** For an open file, the path it was opened by. */
  readonly path: string
  /** Of `open`. */
  readonly mode?: OpenMode
  /** Of `rename`: the new path. */
  readonly to?: string
  /** Of `write`. */
  readonly bytes?: Uint8Array
  /** Of `write` and `read`. */
  readonly position?: number
  /** Of `read` and `truncate`. */
  readonly length?: number
  /** The file beneath the wrapper, for calls of an open file. */
  readonly file?: OpenFile
}

/**
 * Stands between a caller and one operation: calls `perform` (once, later, or never) and answers in its place.
 * `skip` is there for `sync` and `syncDirectory` alone: the answer of one that did nothing.
 */
export type Interceptor = <T>(operation: FileOperation, perform: () => Promise<T>, skip?: () => Promise<T>) => Promise<T>

/** A file system whose every operation, those of its open files included, goes through `around`. */
export function interceptedFiles(files: FileSystem, around: Interceptor): FileSystem {
  return {
    open: async (path, mode, permissions) => {
      const file = await around({ kind: 'open', path, mode }, () => files.open(path, mode, permissions))
      return interceptedFile(file, path, around)
    },
    makeDirectory: (path, permissions) => around({ kind: 'makeDirectory', path }, () => files.makeDirectory(path, permissions)),
    // Only looks, at names that nobody changes.
    realPath: path => files.realPath(path),
    list: path => around({ kind: 'list', path }, () => files.list(path)),
    stat: path => around({ kind: 'stat', path }, () => files.stat(path)),
    exists: path => around({ kind: 'exists', path }, () => files.exists(path)),
    rename: (path, to) => around({ kind: 'rename', path, to }, () => files.rename(path, to)),
    remove: path => around({ kind: 'remove', path }, () => files.remove(path)),
    syncDirectory: path => around({ kind: 'syncDirectory', path }, () => files.syncDirectory(path), nothing),
  }
}

function interceptedFile(file: OpenFile, path: string, around: Interceptor): OpenFile {
  return {
    write: (bytes, position) => around({ kind: 'write', path, file, bytes, position }, () => file.write(bytes, position)),
    read: (position, length) => around({ kind: 'read', path, file, position, length }, () => file.read(position, length)),
    sync: () => around({ kind: 'sync', path, file }, () => file.sync(), nothing),
    truncate: length => around({ kind: 'truncate', path, file, length }, () => file.truncate(length)),
    stat: () => around({ kind: 'stat', path, file }, () => file.stat()),
    close: () => around({ kind: 'close', path, file }, () => file.close()),
  }
}

async function nothing(): Promise<void> {}
