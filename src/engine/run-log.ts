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

/** The command line, which shows what the log says of itself as it comes. */
export interface RunLogWatcher {
  /** Called with what goes wrong, besides the notice of the store. */
  readonly notice: (text: string) => void
  /** Is given lines of `console` in the place of stderr. */
  readonly console?: (line: string) => void
  /** Knows what is not to be shown, in the place of what the store knows. */
  readonly redaction?: Redaction | undefined
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
  #watcher: RunLogWatcher | undefined
  /** Lines of the logs that could not be opened. */
  readonly #missing = new Map<string, number>()

  constructor(options: RunLogOptions) {
    this.#options = options
  }

  watchedBy(watcher: RunLogWatcher): void {
    this.#watcher = watcher
  }

  #notice(text: string): void {
    this.#options.notice(text)
    this.#watcher?.notice(text)
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
      if (record.type === 'attempt.started') this.learn(stream, { pipeline: record.plan.pipeline, attempt: record.attempt })
      const by = stream === '' ? {} : (this.#runs.get(stream) ?? { run: stream })
      for (const line of logLines(record, by)) this.#queue = this.#queue.then(() => this.#write(line))
    }
  }

  /** Whose the records of a run are from now on. */
  learn(run: string, facts: Omit<LoggedRun, 'run'>): void {
    this.#runs.delete(run)
    this.#runs.set(run, { run, ...facts })
    const [oldest] = this.#runs.keys()
    if (this.#runs.size > mostRuns && oldest !== undefined) this.#runs.delete(oldest)
  }

  async #write(line: LogLine): Promise<void> {
    const { to } = this.#options
    const redaction = this.#watcher?.redaction ?? this.#options.redaction
    const { level, text, fields, error } = line
    try {
      const shown = redactedJson({ fields, text, error }, redaction) as Pick<LogLine, 'fields' | 'text' | 'error'>
      if (!isEventLogger(to) && to.console === true && isLogged(level, to.level))
        this.#print(JSON.stringify({ level, ...shown.fields, msg: shown.text }))
      if (isEventLogger(to)) to[level]({ ...shown.fields, ...(error && { err: shown.error }) }, shown.text)
      else this.#writeFiles(await this.#open(to), { ...line, ...shown }, to)
    } catch (failed) {
      this.#fail(failed)
    }
  }

  #print(line: string): void {
    if (this.#watcher?.console === undefined) process.stderr.write(`${line}\n`)
    else this.#watcher.console(line)
  }

  /** Of a logger that fails at every line one word is enough. */
  #fail(error: unknown): void {
    if (!this.#isTold) this.#notice(`the logger failed; the run goes on, and its events are in the store: ${said(error)}`)
    this.#isTold = true
  }

  #writeFiles(files: LogFiles | undefined, line: LogLine, to: LogOptions): void {
    const { level, text, fields, error, stage } = line
    const { perStage } = to
    if (files === undefined) {
      if (isLogged(level, to.level)) this.#miss(line, perStage === true)
      return
    }
    files.to('pipeline.log')[level](fields, text)
    files.to('events/events.log')[level](fields)
    if (error !== undefined) files.to('errors/errors.log')[level]({ ...fields, err: error }, text)
    if (perStage === true && stage !== undefined) files.to(`stages/${fileName(stage)}.log`)[level](fields, text)
  }

  #miss({ error, stage }: LogLine, perStage: boolean): void {
    const names = ['pipeline.log', 'events/events.log']
    if (error !== undefined) names.push('errors/errors.log')
    if (perStage && stage !== undefined) names.push('stages')
    for (const name of names) this.#missing.set(name, (this.#missing.get(name) ?? 0) + 1)
  }

  /** Undefined where they cannot be: that is told once. */
  #open(to: LogOptions): Promise<LogFiles | undefined> {
    const { clock, defaultFolder } = this.#options
    const notice = (text: string): void => this.#notice(text)
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
    const missing = [...this.#missing].map(([name, lines]) => `${lines} in ${name}`)
    if (missing.length > 0)
      this.#notice(`log files could not be written until the end; lines that are missing: ${missing.join(', ')}`)
  }
}

export const isLogged = (level: LogLevel, least: LogLevel = logDefaults.level): boolean =>
  logLevels.indexOf(level) >= logLevels.indexOf(least)

const said = (error: unknown): string => (error instanceof Error ? error.message : describe(error))

/** A stage’s name as part of a file name; two that differ in other characters only share a file. */
const fileName = (stage: string): string => stage.replaceAll(/[^\w.-]/g, '_').replace(/^\./, '_')
