import { PrintedLog, type PrintedLogOptions } from '../engine/printed-log.ts'
import type { RunReporter } from './run-reporter.ts'

/** Tells another reporter everything, and writes what is printed into the log files, where somebody wants these. */
export function loggingReporter(reporter: RunReporter, options: Omit<PrintedLogOptions, 'notice'>): RunReporter {
  const log = new PrintedLog({ ...options, notice: text => reporter.notice(text) })
  return {
    store: choice => {
      log.storeIs(choice.path)
      reporter.store(choice)
    },
    event: (event, time) => {
      if (event.type === 'plan') log.attemptIs(event.plan)
      reporter.event(event, time)
    },
    attach: watched => reporter.attach(watched),
    status: () => reporter.status(),
    userLine: (stream, text) => {
      log.add(stream, text)
      reporter.userLine(stream, text)
    },
    stopping: text => reporter.stopping(text),
    restarting: (text, restart) => {
      log.attemptIs(undefined)
      reporter.restarting(text, restart)
    },
    notice: text => reporter.notice(text),
    suspend: () => reporter.suspend(),
    end: async end => {
      await log.close()
      await reporter.end(end)
    },
  }
}
