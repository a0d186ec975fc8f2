import type { BigIntStats } from 'node:fs'
import {
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
  ftruncate,
  mkdir,
  open,
  openSync,
  readdir,
  readlinkSync,
  readSync,
  read as readWithCallback,
  realpathSync,
  rename,
  statSync,
  unlink,
  writeSync,
  write as writeWithCallback,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { fileError } from './file-error.ts'
import type { FileStat, FileSystem, OpenFile, OpenMode } from './file-system.ts'
import { fileErrorCode } from './file-system.ts'

const openAsync = promisify(open)
const readAsync = promisify(readWithCallback)
const writeAsync = promisify(writeWithCallback)
const fsyncAsync = promisify(fsync)
const fdatasyncAsync = promisify(fdatasync)
const ftruncateAsync = promisify(ftruncate)
const mkdirAsync = promisify(mkdir)
const readdirAsync = promisify(readdir)
const renameAsync = promisify(rename)
const unlinkAsync = promisify(unlink)

/**
 * Up to here the event loop copies the bytes itself. Measured (ext4, Node 24, microseconds, in place against thread pool): write
 * 1 KiB 1.3 / 29, write 64 KiB 2.3 / 30, read 1 KiB 1.1 / 32, read 256 KiB 8 / 40.
 */
const inPlaceWriteBytes = 64 * 1024
const inPlaceReadBytes = 256 * 1024
/** Larger transfers go to the thread pool in pieces, so that one of them does not hold a thread for long. */
const pieceBytes = 1024 * 1024

const openFlags: Readonly<Record<OpenMode, string>> = { create: 'wx+', write: 'r+', read: 'r' }

/**
 * Calls done in place follow one another without a turn of the event loop: a caller reading ten thousand records would starve
 * timers and signals. So one in this many lets it turn first (a pause of a millisecond or two at most, at next to no cost).
 */
const callsPerTurn = 256
let callsInPlace = 0

/**
 * The file system of the machine. What only looks or copies a little runs in place (microseconds); what waits for the disk does
 * not block.
 */
export const nodeFiles: FileSystem = {
  async open(path, mode, permissions = 0o600) {
    if (turnIsDue()) await setImmediate()
    return new NodeFile(path, openSync(path, openFlags[mode], permissions))
  },

  async makeDirectory(path, permissions = 0o700) {
    // One by one: `recursive` never returns where a folder cannot be made below one that exists, as in /proc.
    const missing: string[] = []
    for (let folder = path; look(folder) === undefined && dirname(folder) !== folder; folder = dirname(folder))
      missing.push(folder)
    for (const folder of missing.reverse()) await makeOne(folder, permissions)
    if (look(path)?.isDirectory() !== true) throw fileError('EEXIST', 'mkdir', path)
  },

  async list(path) {
    return (await readdirAsync(path)).sort()
  },

  async stat(path) {
    if (turnIsDue()) await setImmediate()
    const found = look(path)
    return found && fileStat(found)
  },

  // Not existsSync: it answers "no" to EACCES and EIO too, and "no later claim" must never be a guess.
  async exists(path) {
    if (turnIsDue()) await setImmediate()
    return look(path) !== undefined
  },

  async realPath(path) {
    return followed(path, mostLinks)
  },

  rename: (from, to) => renameAsync(from, to),

  async remove(path) {
    try {
      await unlinkAsync(path)
    } catch (error) {
      const code = fileErrorCode(error)
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
    }
  },

  /**
   * Where folders cannot be synced there is nothing better to do, and it counts as done: Windows refuses to open a folder (EPERM,
   * EISDIR; NTFS keeps names in its own journal), some network and FUSE file systems refuse the fsync (EINVAL, EBADF, ENOTSUP).
   */
  async syncDirectory(path) {
    if (process.platform === 'win32') return syncWindowsDirectory(path)
    const fd = await openAsync(path, 'r')
    try {
      if (!fstatSync(fd).isDirectory()) throw fileError('ENOTDIR', 'fsync', path)
      await fsyncAsync(fd)
    } catch (error) {
      if (!cannotSyncDirectories.has(fileErrorCode(error) ?? '')) throw error
    } finally {
      closeSync(fd)
    }
  },
}

function turnIsDue(): boolean {
  callsInPlace++
  return callsInPlace % callsPerTurn === 0
}

const cannotSyncDirectories: ReadonlySet<string> = new Set(['EINVAL', 'EBADF', 'ENOTSUP', 'EOPNOTSUPP'])

async function syncWindowsDirectory(path: string): Promise<void> {
  const found = look(path)
  if (!found) throw fileError('ENOENT', 'fsync', path)
  if (!found.isDirectory()) throw fileError('ENOTDIR', 'fsync', path)
}

class NodeFile implements OpenFile {
  readonly #path: string
  readonly #fd: number
  #running = 0
  #whenIdle: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(path: string, fd: number) {
    this.#path = path
    this.#fd = fd
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.#use('write', async fd => {
      let done = 0
      while (done < bytes.length) {
        const length = Math.min(bytes.length - done, pieceBytes)
        const written = await retried(() =>
          bytes.length <= inPlaceWriteBytes
            ? writeSync(fd, bytes, done, length, position + done)
            : writeAsync(fd, bytes, done, length, position + done).then(result => result.bytesWritten),
        )
        // The disk took nothing and gave no reason: going round again would never end.
        if (written === 0) throw fileError('EIO', 'write', this.#path)
        done += written
      }
    })
  }

  read(position: number, length: number): Promise<Uint8Array> {
    return this.#use('read', async fd => {
      const inPlace = length <= inPlaceReadBytes
      // A length far beyond the end (from a damaged header, say) must not allocate that much.
      const wanted = inPlace ? length : Math.min(length, Math.max(0, fstatSync(fd).size - position))
      const bytes = new Uint8Array(wanted)
      let done = 0
      while (done < wanted) {
        const piece = Math.min(wanted - done, pieceBytes)
        const got = await retried(() =>
          inPlace
            ? readSync(fd, bytes, done, piece, position + done)
            : readAsync(fd, bytes, done, piece, position + done).then(result => result.bytesRead),
        )
        if (got === 0) break
        done += got
      }
      return done === wanted ? bytes : bytes.slice(0, done)
    })
  }

  // Never retried here: after a failed fdatasync the kernel may have marked lost pages clean, and a second one would lie.
  sync(): Promise<void> {
    return this.#use('fdatasync', fd => fdatasyncAsync(fd))
  }

  truncate(length: number): Promise<void> {
    return this.#use('ftruncate', fd => ftruncateAsync(fd, length))
  }

  stat(): Promise<FileStat> {
    return this.#use('fstat', async fd => fileStat(fstatSync(fd, { bigint: true })))
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeWhenIdle()
    return this.#closing
  }

  /** The number of a closed descriptor is given to the next file opened, so no operation may still be under way. */
  async #closeWhenIdle(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>(resolve => {
        this.#whenIdle = resolve
      })
    }
    closeSync(this.#fd)
  }

  async #use<T>(operation: string, work: (fd: number) => Promise<T>): Promise<T> {
    if (this.#closing) throw fileError('EBADF', operation, this.#path)
    this.#running++
    try {
      if (turnIsDue()) await setImmediate()
      return await work(this.#fd)
    } finally {
      this.#running--
      if (this.#running === 0) this.#whenIdle?.()
    }
  }
}

/** As many as Linux follows. */
const mostLinks = 40

/** `realpath` refuses a link to a file that is yet to be made, so the last name is followed by hand. */
function followed(path: string, links: number): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if (fileErrorCode(error) !== 'ENOENT') throw error
  }
  if (links === 0) throw fileError('ELOOP', 'realpath', path)
  const parent = dirname(path)
  if (look(parent) === undefined) return path
  const here = join(realpathSync(parent), basename(path))
  const target = linkTarget(here)
  return target === undefined ? here : followed(resolve(dirname(here), target), links - 1)
}

/** What a link says; undefined where there is none. */
function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    const code = fileErrorCode(error)
    if (code === 'ENOENT' || code === 'EINVAL') return undefined
    throw error
  }
}

/** Another process may make it at the same time. */
async function makeOne(folder: string, permissions: number): Promise<void> {
  try {
    await mkdirAsync(folder, { mode: permissions })
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw error
  }
}

/** Undefined for a missing name, and for one below something that is not a folder (which Node 20 throws and Node 24 does not). */
function look(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (fileErrorCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}

function fileStat(found: BigIntStats): FileStat {
  return {
    size: Number(found.size),
    kind: found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other',
    mtimeMs: Number(found.mtimeNs / 1_000n) / 1_000,
    identity: `${found.dev}:${found.ino}`,
  }
}

/**
 * Again after EINTR (a signal during a read on a network file system) and EAGAIN, which say that nothing happened; not for ever.
 */
async function retried(transfer: () => number | Promise<number>): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transfer()
    } catch (error) {
      const code = fileErrorCode(error)
      if ((code !== 'EINTR' && code !== 'EAGAIN') || attempt === 100) throw error
      await setImmediate()
    }
  }
}
