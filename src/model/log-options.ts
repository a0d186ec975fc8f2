/** From the most to the least that is written; `silent` writes nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export type LogLevel = (typeof logLevels)[number]

/** What of the events of a store is written to log files, and where. Any of these turns them on. */
export interface LogOptions {
  /** The least level that is written. Default `info`. */
  readonly level?: LogLevel
  /** True: what goes into the files is written to stderr as well. Default false. */
  readonly console?: boolean
  /** Folder of the files, outside of the store: they are not sealed. In a config relative to that. Default: `logs` beside the store. */
  readonly folder?: string
  /** True: each stage has a file of its own besides, `stages/NAME.log`. Default false. */
  readonly perStage?: boolean
  /** Old files that nothing was written to for so many days are deleted. Default 7. */
  readonly keepDays?: number
  /** A file that would grow beyond so many bytes, or that is of a day before (local time), is gone on with in a new one; the old one is compressed. Default 10,485,760 (10 MiB). */
  readonly maxBytes?: number
  /** At most so many old files of each log; the oldest go. Default 5. */
  readonly files?: number
}
