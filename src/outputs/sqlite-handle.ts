import { basename, dirname, resolve } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { FileSystem } from '../files/file-system.ts'
import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import { type Clock, sleep } from '../model/clock.ts'
import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import { outputFolderPermissions } from './output-file.ts'
import type { TablePlace } from './sql-errors.ts'
import { isBusy, sqliteError } from './sqlite-errors.ts'

/** A path, relative to the pipeline's project, or a database of the caller's own, which stays open. */
export type SqliteLocation = string | DatabaseSync

/** How long one try waits for another process, in milliseconds: the thread sleeps meanwhile, and with it the lease. */
const oneTryMs = 250
const pollMs = 20

/** @throws WaymarkError `invalid` */
export function checkLocation(where: string, location: unknown): SqliteLocation {
  if (isDatabase(location)) return location
  if (typeof location === 'string' && location !== '' && location !== ':memory:' && !location.includes('\0')) return location
  throw new WaymarkError('invalid', {
    message:
      location === ':memory:'
        ? `${where}: a database in memory is gone when the stage ends`
        : `${where} takes the path of a database or a DatabaseSync of node:sqlite, not ${describe(location)}`,
    means: 'Nothing was read or written.',
    remedy: "Pass a path, such as 'data/shop.db', or new DatabaseSync(path).",
  })
}

const isDatabase = (value: unknown): value is DatabaseSync =>
  typeof value === 'object' && value !== null && 'prepare' in value && 'exec' in value && 'isTransaction' in value

/** How messages name it. */
export function shownLocation(location: SqliteLocation): string {
  if (typeof location === 'string') return `sqlite:${location}`
  return `sqlite:${basename(fileOf(location) ?? ':memory:')}`
}

/** The file behind a database; undefined for one in memory. */
function fileOf(database: DatabaseSync): string | undefined {
  try {
    return database.location() ?? undefined
  } catch {
    return undefined
  }
}

export const placeOfDatabase = (location: SqliteLocation, baseDirectory: string): string =>
  typeof location === 'string' ? resolve(baseDirectory, location) : (fileOf(location) ?? ':memory:')

export interface OpenSqlite extends TablePlace {
  readonly files: FileSystem
  readonly baseDirectory: string
  /** Makes the file where it is missing. */
  readonly create?: boolean
  readonly readOnly?: boolean
}

/** A database with its prepared statements. */
export class SqliteHandle {
  readonly database: DatabaseSync
  readonly #place: TablePlace
  readonly #own: boolean
  readonly #statements = new Map<string, StatementSync>()

  private constructor(database: DatabaseSync, own: boolean, place: TablePlace) {
    this.database = database
    this.#own = own
    this.#place = place
  }

  /** @throws WaymarkError `not_found`, `unavailable`, `unsupported` */
  static async open(location: SqliteLocation, options: OpenSqlite): Promise<SqliteHandle> {
    if (typeof location !== 'string') return new SqliteHandle(location, false, options)
    const path = resolve(options.baseDirectory, location)
    if ((await options.files.stat(path)) === undefined) {
      if (options.create !== true) throw noDatabase(path, options)
      await makeDurableDirectory(options.files, dirname(path), outputFolderPermissions)
    }
    try {
      return new SqliteHandle(openDatabase(path, options.readOnly === true), true, options)
    } catch (error) {
      throw sqliteError(error, options)
    }
  }

  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  /**
   * Calls `work` in a transaction that is durable when this resolves, or undone. It is one synchronous stretch, so that nothing else can get into the transaction of a shared handle.
   * `work` is called again while another process holds the database, for up to `busyTimeoutMs`.
   *
   * @throws WaymarkError `unavailable`, `disk_full`, `invalid`, and what `work` throws
   */
  async write<T>(work: () => T, { clock, busyTimeoutMs }: { readonly clock: Clock; readonly busyTimeoutMs: number }): Promise<T> {
    const startedAt = clock.monotonicMs()
    for (;;) {
      if (!this.database.isTransaction) {
        try {
          return this.#transaction(work)
        } catch (error) {
          if (!isBusy(error) || clock.monotonicMs() - startedAt >= busyTimeoutMs) throw sqliteError(error, this.#place)
        }
      } else if (clock.monotonicMs() - startedAt >= busyTimeoutMs) throw inTransaction(this.#place)
      await sleep(clock, pollMs)
    }
  }

  #transaction<T>(work: () => T): T {
    const restore = this.#syncFully()
    try {
      this.database.exec('BEGIN IMMEDIATE')
      const result = work()
      this.database.exec('COMMIT')
      return result
    } catch (error) {
      // SQLite itself has rolled back after some errors (disk full, damage). The error that led here says more than one of the rollback.
      try {
        if (this.database.isTransaction) this.database.exec('ROLLBACK')
      } catch {}
      throw error
    } finally {
      restore()
    }
  }

  /** A commit must be on disk before the log counts it: in WAL mode only `synchronous` FULL says so. */
  #syncFully(): () => void {
    const found = this.statement('PRAGMA synchronous').get()?.['synchronous']
    if (typeof found !== 'number' || found >= 2) return () => {}
    this.database.exec('PRAGMA synchronous = FULL')
    return () => {
      try {
        this.database.exec(`PRAGMA synchronous = ${found}`)
      } catch {}
    }
  }

  /** Idempotent. A handle of the caller's stays open. */
  close(): void {
    this.#statements.clear()
    if (this.#own && this.database.isOpen) this.database.close()
  }
}

function openDatabase(path: string, readOnly: boolean): DatabaseSync {
  // An old Node has neither the function nor the module.
  const sqlite = process.getBuiltinModule?.('node:sqlite')
  if (sqlite !== undefined) return new sqlite.DatabaseSync(path, { timeout: oneTryMs, readOnly })
  throw new WaymarkError('unsupported', {
    message: `Node ${process.versions.node} has no built-in SQLite`,
    means: 'Nothing was read or written.',
    remedy: 'Use Node 22.18 or newer (https://nodejs.org).',
  })
}

function noDatabase(path: string, { shown, stage }: TablePlace): WaymarkError {
  return new WaymarkError('not_found', {
    message: `${shown}: there is no database ${path}`,
    means: 'Nothing was read or written.',
    remedy:
      'Check the path (it begins at the project of the pipeline’s file); as an output, create makes the database and its table.',
    details: { stage, file: path },
  })
}

function inTransaction({ shown, stage }: TablePlace): WaymarkError {
  return new WaymarkError('unavailable', {
    message: `${shown}: a transaction is open on the database that the pipeline passed`,
    means: 'Rows committed so far are safe; those of this batch were not written, and their items are called again.',
    remedy: 'End each transaction in the function that began it, or pass a path: Waymark then has a connection of its own.',
    retryable: true,
    details: { stage },
  })
}
