import { join } from 'node:path'
import type { Logger } from 'pino'
import { type Clock, sleep } from '../model/clock.ts'
import { FolderLock } from './folder-lock.ts'
import { LineBuffer } from './line-buffer.ts'
import { makeFolder } from './make-folder.ts'
import { RotatingFile } from './rotating-file.ts'

export interface LogFilesOptions {
  /** Made where it is missing. */
  readonly folder: string
  /** Least level that is written. */
  readonly level: string
  readonly maxBytes: number
  readonly files: number
  readonly keepDays: number
  readonly clock: Clock
  /** Called when lines cannot be written, once until they can be again; and when they can. */
  readonly notice: (text: string) => void
}

/** Another process may be at it at the moment. */
const closingTries = 20
const closingPauseMs = 50

interface OpenLog {
  readonly logger: Logger
  readonly file: RotatingFile
  readonly buffer: LineBuffer
}

/** Log files in a folder, by their paths in it; lines are formed by pino: JSON, one a line. */
export class LogFiles {
  readonly #options: LogFilesOptions
  readonly #pino: typeof import('pino').pino
  readonly #logs = new Map<string, OpenLog>()
  readonly #lock: FolderLock

  private constructor(options: LogFilesOptions, pino: typeof import('pino').pino, lock: FolderLock) {
    this.#options = options
    this.#pino = pino
    this.#lock = lock
  }

  /** @throws what the file system says if the folder cannot be made or written */
  static async open(options: LogFilesOptions): Promise<LogFiles> {
    makeFolder(options.folder)
    const { pino } = await import('pino')
    return new LogFiles(options, pino, await FolderLock.open(join(options.folder, '.lock')))
  }

  /** The logger of a file, `pipeline.log` or `stages/enrich.log`. */
  to(name: string): Logger {
    const open = this.#logs.get(name) ?? this.#open(name)
    this.#logs.set(name, open)
    return open.logger
  }

  #open(name: string): OpenLog {
    const { folder, level, maxBytes, files, keepDays, clock, notice } = this.#options
    const path = join(folder, name)
    const file = new RotatingFile({ path, lock: this.#lock, maxBytes, files, keepDays, now: () => clock.now() })
    const buffer = new LineBuffer({
      file,
      clock,
      onTrouble: error =>
        notice(
          `the log file ${path} cannot be written: ${error instanceof Error ? error.message : String(error)}; the run goes on, and its events are in the store`,
        ),
      onRelief: lost => notice(`the log file ${path} is written again${lost === 0 ? '' : `; ${lost} lines are missing in it`}`),
    })
    const logger = this.#pino(
      {
        level,
        base: null,
        timestamp: false,
        formatters: { level: label => ({ level: label }) },
        // They come as they are to be kept, causes included.
        serializers: { err: error => error },
      },
      { write: line => buffer.write(line) },
    )
    return { logger, file, buffer }
  }

  /** Writes what is left, and resolves when old files are compressed. What cannot be written within about a second is lost. */
  async close(): Promise<void> {
    const logs = [...this.#logs.values()]
    for (let tries = 0; tries < closingTries; tries++) {
      for (const { buffer } of logs) buffer.flush()
      if (logs.every(({ buffer }) => buffer.isEmpty)) break
      await sleep(this.#options.clock, closingPauseMs)
    }
    for (const { file, buffer } of logs) {
      file.close()
      const lost = buffer.end()
      if (lost > 0)
        this.#options.notice(
          `the log file ${file.path} could not be written until the end; lines that are missing in it: ${lost}`,
        )
    }
    await Promise.all(logs.map(({ file }) => file.tended()))
    this.#lock.close()
  }
}
