import { closeSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { fileFault } from '../files/file-faults.ts'
import { fileErrorCode } from '../files/file-system.ts'
import { openDatabase } from './sqlite-connection.ts'
import { catalogDamaged, sqliteFault } from './sqlite-fault.ts'

/** Write-ahead log, shared memory of the processes that have the catalog open, database. In this order: see {@link setCatalogAside}. */
const parts = ['-wal', '-shm', ''] as const
const means = 'Nothing durable is lost: the catalog is only a view of the log.'

/**
 * Runs `work` while no other process opens, removes or sets aside the catalog. Without this, a process that opens it while another
 * renames its files could end up with the old database beside the new shared memory. The lock is one of SQLite on a file of its own
 * (0 bytes, never removed): a process that dies lets go of it.
 */
export function withCatalogLock<T>(path: string, busyTimeoutMs: number, work: () => T): T {
  const lockPath = `${path}-lock`
  const file = { path: lockPath }
  createPrivately(lockPath)
  try {
    const lock = openDatabase(lockPath, busyTimeoutMs)
    try {
      // Nothing is ever written to the file, so there is nothing to keep a journal for: the lock must work on a full disk.
      lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      return work()
    } finally {
      lock.close()
    }
  } catch (error) {
    throw isSqliteError(error) ? sqliteFault(error, file) : error
  }
}

/**
 * Creates the file of a new catalog with mode 0600, and removes what an earlier one left beside it. Only under the lock.
 * An existing file is not opened: closing it here would drop the locks that SQLite holds on it in this process.
 */
export function createCatalogFile(path: string): void {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found !== undefined && !found.isFile())
      throw catalogDamaged({ path, identity: catalogIdentity(path) }, 'it is not a file')
    if (found !== undefined) return
    for (const part of parts) rmSync(path + part, { force: true })
    createPrivately(path)
  } catch (error) {
    throw fileFault(error, `create ${path}`, means)
  }
}

/** Tells a file from another one that took its name; undefined if there is none. */
export function catalogIdentity(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev}:${found.ino}`
}

/** Removes the catalog's files, if they exist. Processes that have it open go on with the removed files. */
export async function removeCatalogFiles(path: string): Promise<void> {
  withCatalogLock(path, setAsideTimeoutMs, () => {
    try {
      for (const part of parts) rmSync(path + part, { force: true })
    } catch (error) {
      throw fileFault(error, `remove ${path}`, means)
    }
  })
}

/**
 * Renames the catalog's files to `catalog.damaged-<n>` (and `-wal`, `-shm`) beside it and resolves with the new path; `n` is one more
 * than the highest there is. Resolves with undefined if there is no catalog, or if it is not the file with this `identity`
 * (`details.identity` of the error that reported the damage): then another process was first, and what stands there is its new catalog.
 */
export async function setCatalogAside(path: string, identity?: string): Promise<string | undefined> {
  return withCatalogLock(path, setAsideTimeoutMs, () => {
    try {
      const found = catalogIdentity(path)
      if (found === undefined || (identity !== undefined && identity !== found)) return undefined
      const aside = nextDamagedPath(path)
      // The database last: if this is interrupted, the next one to open finds it still damaged, not a new one with an old log.
      for (const part of parts) renameIfExists(path + part, aside + part)
      return aside
    } catch (error) {
      throw fileFault(error, `set ${path} aside`, means)
    }
  })
}

const setAsideTimeoutMs = 5000

function nextDamagedPath(path: string): string {
  const prefix = `${basename(path, extname(path))}.damaged-`
  const numbers = readdirSync(dirname(path))
    .filter(name => name.startsWith(prefix))
    .map(name => Number.parseInt(name.slice(prefix.length), 10))
    .filter(Number.isSafeInteger)
  return join(dirname(path), `${prefix}${Math.max(0, ...numbers) + 1}`)
}

function renameIfExists(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (fileErrorCode(error) !== 'ENOENT') throw error
  }
}

function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw fileFault(error, `create ${path}`, means)
  }
}

const isSqliteError = (error: unknown): boolean => fileErrorCode(error) === 'ERR_SQLITE_ERROR'
