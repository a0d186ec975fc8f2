import type { CommittedBatch } from '../log/log.ts'
import { LogFiles } from '../logs/log-files.ts'
import type { Clock } from '../model/clock.ts'
import { describe } from '../model/describe.ts'
import { type LogLevel, type LogOptions, logLevels } from '../model/log-options.ts'
import { type LoggedRun, type LogLine, logLines } from './log-lines.ts'
import { decodeRunRecord } from './record-codec.ts'
import { redactedJson } from './redacted-json.ts'
import type { Redaction } from './redaction.ts'

/** A logger of one’s own: one of pino, or of its shape. */
export interface EventLogger {
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
}

export interface RunLogOptions {
  readonly to: LogOptions | EventLogger
  /** Where files go without a folder of their own. */
  readonly defaultFolder: string
  readonly clock: Clock
  readonly redaction: Redaction
  readonly notice: (text: string) => void
}

export const logDefaults = { level: 'info', maxBytes: 10 << 20, files: 5, keepDays: 7 } as const
/** Runs are forgotten by their age beyond so many: of a line of an older one only the run is told. */
const mostRuns = 1_000

export const isEventLogger = (to: LogOptions | EventLogger): to is EventLogger => 'info' in to && typeof to.info === 'function'

/**
 * Writes what is recorded through this opening of a store into log files, or to a logger of the user: a line an event, in order, once it is recorded. Nothing depends on it, and what goes wrong with it is a notice.
 */
export class RunLog {
  readonly #options: RunLogOptions
  readonly #runs = new Map<string, LoggedRun>()
  #files: Promise<LogFiles | undefined> | undefined
  /** Each line after the one before, also while files are opened. */
  #queue: Promise<void> = Promise.resolve()
  #isTold = false

  constructor(options: RunLogOptions) {
    this.#options = options
  }

  committed(batch: CommittedBatch): void {
    try {
      this.#add(batch)
    } catch (error) {
      this.#fail(error)
    }
  }

  #add({ records }: CommittedBatch): void {
    for (const { kind, stream, payload } of records) {
      if (kind === 'accept') continue
      const record = decodeRunRecord(payload)
      if (record.type === 'attempt.started') this.#learn(stream, { pipeline: record.plan.pipeline, attempt: record.attempt })
      const by = stream === '' ? {} : (this.#runs.get(stream) ?? { run: stream })
      for (const line of logLines(record, by)) this.#queue = this.#queue.then(() => this.#write(line))
    }
  }

  #learn(run: string, facts: LoggedRun): void {
    this.#runs.delete(run)
    this.#runs.set(run, { run, ...facts })
    const [oldest] = this.#runs.keys()
    if (this.#runs.size > mostRuns && oldest !== undefined) this.#runs.delete(oldest)
  }

  async #write(line: LogLine): Promise<void> {
    const { to, redaction } = this.#options
    const { level, text, fields, error } = line
    try {
      const shown = redactedJson({ fields, text, error }, redaction) as Pick<LogLine, 'fields' | 'text' | 'error'>
      if (!isEventLogger(to) && to.console === true && isLogged(level, to.level))
        process.stderr.write(`${JSON.stringify({ level, ...shown.fields, msg: shown.text })}\n`)
      if (isEventLogger(to)) to[level]({ ...shown.fields, ...(error && { err: shown.error }) }, shown.text)
      else this.#writeFiles(await this.#open(to), { ...line, ...shown }, to)
    } catch (failed) {
      this.#fail(failed)
    }
  }

  /** Of a logger that fails at every line one word is enough. */
  #fail(error: unknown): void {
    if (!this.#isTold) this.#options.notice(`the logger failed; the run goes on, and its events are in the store: ${said(error)}`)
    this.#isTold = true
  }

  #writeFiles(files: LogFiles | undefined, { level, text, fields, error, stage }: LogLine, { perStage }: LogOptions): void {
    if (files === undefined) return
    files.to('pipeline.log')[level](fields, text)
    files.to('events/events.log')[level](fields)
    if (error !== undefined) files.to('errors/errors.log')[level]({ ...fields, err: error }, text)
    if (perStage === true && stage !== undefined) files.to(`stages/${fileName(stage)}.log`)[level](fields, text)
  }

  /** Undefined where they cannot be: that is told once. */
  #open(to: LogOptions): Promise<LogFiles | undefined> {
    const { clock, notice, defaultFolder } = this.#options
    const { folder = defaultFolder, level, maxBytes, files, keepDays } = { ...logDefaults, ...to }
    this.#files ??= LogFiles.open({ folder, level, maxBytes, files, keepDays, clock, notice }).catch((error: unknown) => {
      notice(`log files in ${folder} cannot be written: ${said(error)}; the run goes on, and its events are in the store`)
      return undefined
    })
    return this.#files
  }

  /** Resolves when all lines are written. */
  async close(): Promise<void> {
    await this.#queue
    await (await this.#files)?.close()
  }
}

const isLogged = (level: LogLevel, least: LogLevel = logDefaults.level): boolean =>
  logLevels.indexOf(level) >= logLevels.indexOf(least)

const said = (error: unknown): string => (error instanceof Error ? error.message : describe(error))

/** A stage’s name as part of a file name; two that differ in other characters only share a file. */
const fileName = (stage: string): string => stage.replaceAll(/[^\w.-]/g, '_').replace(/^\./, '_')
