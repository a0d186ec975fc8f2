import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { WaymarkError } from '../model/errors.ts'
import { type CatalogFile, sqliteFault } from './sqlite-fault.ts'

export type SqlRow = Record<string, SQLOutputValue>
export type SqlList = readonly SQLOutputValue[]

/** A database with its prepared statements. Every failure is a WaymarkError about `file`. */
export class SqliteConnection {
  readonly file: CatalogFile
  readonly #statements = new Map<string, StatementSync>()
  #database: DatabaseSync | undefined

  /** @param busyTimeoutMs How long a statement waits for other processes; the thread sleeps meanwhile. */
  constructor(file: CatalogFile, busyTimeoutMs: number) {
    this.file = file
    this.#database = this.#guard(() => openDatabase(file.path, busyTimeoutMs))
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly SqlRow[] {
    return this.#guard(() => this.#statement(sql).all(...values))
  }

  /** Rows as lists of their columns, which costs half as much. */
  lists(sql: string, ...values: readonly SQLInputValue[]): readonly SqlList[] {
    return this.#guard(() => {
      const statement = this.#statement(sql)
      if (!hasLists(statement)) return statement.all(...values).map(row => Object.values(row))
      statement.setReturnArrays(true)
      try {
        // What the types of Node promise is for rows that are objects.
        const rows: readonly unknown[] = statement.all(...values)
        return rows.filter(isList)
      } finally {
        statement.setReturnArrays(false)
      }
    })
  }

  get(sql: string, ...values: readonly SQLInputValue[]): SqlRow | undefined {
    return this.#guard(() => this.#statement(sql).get(...values))
  }

  /** Returns the rowid of the newest inserted row. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return this.#guard(() => Number(this.#statement(sql).run(...values).lastInsertRowid))
  }

  /** Whether a row was inserted: false where there is one with its key, and the statement says ON CONFLICT DO NOTHING. */
  inserts(sql: string, ...values: readonly SQLInputValue[]): boolean {
    return this.#guard(() => Number(this.#statement(sql).run(...values).changes) > 0)
  }

  /** For statements used once. */
  exec(sql: string): void {
    this.#guard(() => this.#open().exec(sql))
  }

  /** One state of the database for all of `work`, which is undone if it throws. */
  transaction<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
    this.run(begin)
    try {
      const result = work()
      this.run('COMMIT')
      return result
    } catch (error) {
      // SQLite itself has rolled back after some errors (disk full, damage).
      if (this.#database?.isTransaction) this.#rollback()
      throw error
    }
  }

  /** A copy of every page; undefined if they are more than this, or Node is older than 24.16. */
  pages(mostBytes: number): Uint8Array | undefined {
    const database = this.#guard(() => this.#open())
    if (!hasPages(database)) return undefined
    const size = this.get('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
    return Number(size?.['bytes']) > mostBytes ? undefined : this.#guard(() => database.serialize())
  }

  /** Puts pages in the place of what is in a database in memory. Nothing where Node is older than 24.16. */
  takePages(pages: Uint8Array): void {
    const database = this.#guard(() => this.#open())
    if (!hasPages(database)) return
    this.#statements.clear()
    this.#guard(() => database.deserialize(pages))
  }

  /** Idempotent. */
  close(): void {
    const database = this.#database
    this.#database = undefined
    this.#statements.clear()
    if (database !== undefined) this.#guard(() => database.close())
  }

  /** The error that led here says more than the one of a rollback that fails too. */
  #rollback(): void {
    try {
      this.#open().exec('ROLLBACK')
    } catch {}
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#open().prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #open(): DatabaseSync {
    if (this.#database !== undefined) return this.#database
    throw new WaymarkError('invalid', {
      message: `the catalog ${this.file.path} was used after it was closed`,
      means: 'Nothing was changed.',
      remedy: 'Close the store only when everything that uses it has ended.',
    })
  }

  #guard<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw sqliteFault(error, this.file)
    }
  }
}

/** What the types of Node promise, older ones lack. */
const hasPages = (database: Partial<DatabaseSync>): boolean => database.deserialize !== undefined
const hasLists = (statement: Partial<StatementSync>): boolean => statement.setReturnArrays !== undefined
const isList = (row: unknown): row is SqlList => Array.isArray(row)

/** Loads SQLite only here, so that a module which merely imports this one runs where there is none. */
export function openDatabase(path: string, busyTimeoutMs: number): DatabaseSync {
  // An old Node has neither the function nor the module.
  const sqlite = process.getBuiltinModule?.('node:sqlite')
  if (sqlite === undefined) {
    throw new WaymarkError('unsupported', {
      message: `Node ${process.versions.node} has no built-in SQLite`,
      means: 'Nothing was read or written.',
      remedy: 'Use Node 22.18 or newer (https://nodejs.org).',
    })
  }
  return new sqlite.DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: false, allowExtension: false })
}
