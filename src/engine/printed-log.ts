import { dirname, join } from 'node:path'
import type { LogFiles } from '../logs/log-files.ts'
import type { Clock } from '../model/clock.ts'
import type { LogOptions } from '../model/log-options.ts'
import type { Plan } from '../model/plan.ts'
import { isLogged, logDefaults } from './run-log.ts'

export interface PrintedLogOptions {
  readonly logs: LogOptions
  /** The same text without what is not to be shown. */
  readonly shownText: (text: string) => string
  readonly clock: Clock
  readonly notice: (text: string) => void
}

type Stream = 'stdout' | 'stderr'

type PrintedBy = Pick<Plan, 'run' | 'pipeline' | 'attempt'>

interface PrintedLine {
  readonly stream: Stream
  readonly text: string
  readonly time: number
}

/** Characters of lines that wait until it is known which run they are of: what a module prints while it is loaded. */
const mostWaiting = 1 << 20

/** What the processes of a run print, in `pipeline.log`: a line a line, in order, after those that were printed before it. Written by the process that watches them, so that the last words of one that is killed are there too. */
export class PrintedLog {
  readonly #options: PrintedLogOptions
  #store: string | undefined
  #by: PrintedBy | undefined
  #waiting: PrintedLine[] = []
  #waitingLength = 0
  #files: Promise<LogFiles | undefined> | undefined
  #queue: Promise<void> = Promise.resolve()
  /** Lines that no file could be opened for. */
  #missing = 0

  constructor(options: PrintedLogOptions) {
    this.#options = options
  }

  storeIs(path: string): void {
    this.#store = path
  }

  /** @param by undefined: of an attempt that has not begun */
  attemptIs(by: PrintedBy | undefined): void {
    this.#by = by && { run: by.run, pipeline: by.pipeline, attempt: by.attempt }
    if (by !== undefined) this.#writeWaiting()
  }

  add(stream: Stream, text: string): void {
    // With `logs.console` the lines of the log come this way too.
    if (this.#options.logs.console === true && /^\{"level":"\w+","timestamp":"[^"]+","event_type":/.test(text)) return
    const line = { stream, text: this.#options.shownText(text), time: this.#options.clock.now() }
    if (this.#by !== undefined) return this.#write(line)
    this.#waiting.push(line)
    this.#waitingLength += line.text.length
    if (this.#waitingLength > mostWaiting) this.#writeWaiting()
  }

  /** Resolves when all of it is written. */
  async close(): Promise<void> {
    this.#writeWaiting()
    await this.#queue
    await (await this.#files)?.close()
    if (this.#missing > 0) this.#tell(`lines that are missing in pipeline.log: ${this.#missing}`)
  }

  #writeWaiting(): void {
    const lines = this.#waiting
    this.#waiting = []
    this.#waitingLength = 0
    for (const line of lines) this.#write(line)
  }

  #write({ stream, text, time }: PrintedLine): void {
    const fields = { timestamp: new Date(time).toISOString(), event_type: 'log', stream, ...this.#by }
    this.#queue = this.#queue
      .then(async () => {
        const files = await this.#open()
        const level = stream === 'stdout' ? 'info' : 'warn'
        files?.to('pipeline.log')[level](fields, text)
        if (files === undefined && this.#files !== undefined && isLogged(level, this.#options.logs.level)) this.#missing++
      })
      .catch((error: unknown) => this.#tell(error))
  }

  /** Undefined where they cannot be, and where no run came to a store: nobody said where to. */
  #open(): Promise<LogFiles | undefined> {
    const { logs, clock } = this.#options
    if (logs.folder === undefined && this.#store === undefined) return Promise.resolve(undefined)
    const { folder = join(dirname(this.#store ?? ''), 'logs'), level, maxBytes, files, keepDays } = { ...logDefaults, ...logs }
    this.#files ??= import('../logs/log-files.ts')
      .then(({ LogFiles }) =>
        LogFiles.open({ folder, level, maxBytes, files, keepDays, clock, notice: text => this.#tell(text) }),
      )
      .catch((error: unknown) => {
        this.#tell(error)
        return undefined
      })
    return this.#files
  }

  #tell(trouble: unknown): void {
    const text = trouble instanceof Error ? trouble.message : String(trouble)
    this.#options.notice(`what the pipeline prints is not all in the log: ${text}`)
  }
}
