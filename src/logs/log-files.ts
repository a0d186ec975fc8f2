import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Clock } from '../model/clock.ts'
import { FolderLock } from './folder-lock.ts'
import { LineBuffer } from './line-buffer.ts'
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
    mkdirSync(options.folder, { recursive: true, mode: 0o700 })
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
      { level, base: null, timestamp: false, formatters: { level: label => ({ level: label }) } },
      { write: line => buffer.write(line) },
    )
    return { logger, file, buffer }
  }

  flush(): void {
    for (const { buffer } of this.#logs.values()) buffer.flush()
  }

  /** Writes what is left, and resolves when old files are compressed. */
  async close(): Promise<void> {
    this.flush()
    for (const { file } of this.#logs.values()) file.close()
    await Promise.all([...this.#logs.values()].map(({ file }) => file.tended()))
    this.#lock.close()
  }
}
