import type { DatabaseSync } from 'node:sqlite'

/** Who has it has it for a write or a rename. Waiting holds up everything else in the process, so it is short: lines wait, not the run. */
const patienceMs = 5

/** A lock on a folder of log files, which one of any number of processes has at a time. It is one of SQLite on a file of its own (0 bytes): a process that dies lets go of it. */
export class FolderLock {
  readonly #database: DatabaseSync

  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  static async open(path: string): Promise<FolderLock> {
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(path, { timeout: patienceMs })
    try {
      // Nothing is ever written to it, also where the disk is full.
      database.exec('PRAGMA journal_mode = MEMORY')
    } catch (error) {
      if (!isLocked(error)) throw error
    }
    return new FolderLock(database)
  }

  /**
   * Works while nobody else does.
   *
   * @throws what SQLite says if somebody else has it: {@link isLocked}
   */
  holding<T>(work: () => T): T {
    this.#database.exec('BEGIN EXCLUSIVE')
    try {
      return work()
    } finally {
      this.#database.exec('COMMIT')
    }
  }

  close(): void {
    this.#database.close()
  }
}

const sqliteBusy = 5

/** Whether an error says only that somebody else has the lock at the moment. */
export const isLocked = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === sqliteBusy
