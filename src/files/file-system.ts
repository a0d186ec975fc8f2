/**
 * The port through which Waymark touches files: the log, packs and outputs use nothing else, so that the crash simulator
 * (`src/testing/simulated-disk.ts`) and the fault wrapper (`src/testing/faulty-files.ts`) can stand in for the disk.
 *
 * Paths are absolute and use `/`. Every method rejects with a Node-style error carrying `code` ('ENOENT', 'EEXIST', 'ENOSPC' …);
 * turning these into a `WaymarkError` is the caller's business, because only the caller knows what it means for the data.
 */
export interface FileSystem {
  /**
   * Opens a file.
   * - `create`: makes it, and rejects with EEXIST if the name exists. Of any number of racing calls exactly one succeeds.
   * - `write`: opens an existing file for reading and writing; ENOENT if it is missing.
   * - `read`: opens an existing file for reading; ENOENT if it is missing.
   * A created file has `permissions` less what the umask takes away, by default 0600. Neither the file nor its name is durable before `sync` and `syncDirectory`.
   */
  open(path: string, mode: OpenMode, permissions?: number): Promise<OpenFile>
  /**
   * Makes a folder and its parents, with `permissions` less what the umask takes away, by default 0700. Resolves if it exists. Not durable before `syncDirectory` of each new folder's
   * parent.
   */
  makeDirectory(path: string, permissions?: number): Promise<void>
  /**
   * The path with every symbolic link in it followed, also a last one that points to nothing yet; the path itself below a folder that does not exist. ELOOP for links that go round in a
   * circle.
   */
  realPath(path: string): Promise<string>
  /** Names in a folder, sorted as JavaScript sorts strings, without `.` and `..`. ENOENT if it is missing. */
  list(path: string): Promise<readonly string[]>
  /** Size and kind, or undefined if the path does not exist, which a path below a plain file does not either. Any other failure rejects. */
  stat(path: string): Promise<FileStat | undefined>
  /** Whether the path exists now. Cheap (about a microsecond): the log calls it once per run and commit. */
  exists(path: string): Promise<boolean>
  /** Atomically replaces `to` by `from`: a reader of `to` sees the old file or the new one. Durable after `syncDirectory`. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file. Resolves if it does not exist. */
  remove(path: string): Promise<void>
  /** Makes the names in a folder durable. Rejects if the disk says no; the names are then unknown, not absent. */
  syncDirectory(path: string): Promise<void>
}

export type OpenMode = 'create' | 'write' | 'read'

export interface FileStat {
  readonly size: number
  readonly kind: 'file' | 'directory' | 'other'
  /** When the content was changed last, in wall milliseconds, where the file system keeps it. For people: nothing may depend on it. */
  readonly mtimeMs?: number
  /** Device and inode: another one after a rename over the name. A file system may give the number of a removed file to the next one that is made. */
  readonly identity: string
}

export interface OpenFile {
  /** Why nothing of the file is believed, where that is known: it then reads as zeros. */
  readonly refused?: string
  /** Writes all of `bytes`, which must not change meanwhile, at `position`, or rejects; after a rejection any part of them may be there. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /** Reads up to `length` bytes at `position`; shorter only at the end of the file. The result is the caller's own. */
  read(position: number, length: number): Promise<Uint8Array>
  /** Makes the bytes and the length of a file opened for `create` or `write` durable (fdatasync). After a rejection the file must not be synced again: pages may be lost but marked clean. */
  sync(): Promise<void>
  /** Cuts or extends (with zeros) the file to `length`. Durable after `sync`. */
  truncate(length: number): Promise<void>
  stat(): Promise<FileStat>
  /** Idempotent. */
  close(): Promise<void>
}

/** The `code` of a Node-style file error, or undefined. */
export function fileErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
