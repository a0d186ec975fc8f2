import type { DatabaseSync } from 'node:sqlite'

/** Longer than anybody holds it who is at work. */
const patienceMs = 2_000

/**
 * A lock on a folder of log files, of any number of processes: whoever writes shares it, whoever renames a file has it alone. It is one of SQLite on a file of its own (0 bytes): a process that dies lets go of it.
 */
export class FolderLock {
  readonly #database: DatabaseSync

  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** @param patience milliseconds to wait for the others */
  static async open(path: string, patience = patienceMs): Promise<FolderLock> {
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(path, { timeout: patience })
    // Nothing is ever written to it.
    database.exec('PRAGMA journal_mode = MEMORY')
    return new FolderLock(database)
  }

  /** While nobody renames. */
  shared<T>(work: () => T): T {
    return this.#holding('BEGIN; SELECT count(*) FROM sqlite_schema', work)
  }

  /** While nobody writes. */
  alone<T>(work: () => T): T {
    return this.#holding('BEGIN EXCLUSIVE', work)
  }

  #holding<T>(begin: string, work: () => T): T {
    try {
      this.#database.exec(begin)
      return work()
    } finally {
      if (this.#database.isTransaction) this.#database.exec('COMMIT')
    }
  }

  close(): void {
    this.#database.close()
  }
}
