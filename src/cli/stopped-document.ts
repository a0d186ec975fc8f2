import { WaymarkError } from '../model/errors.ts'
import { errorDocument } from './json-shapes.ts'
import type { Output } from './output.ts'

const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/**
 * A command that prints one JSON document prints one as well where a signal ends it. What has listeners of its own for signals says itself how it ends.
 *
 * @returns stops listening
 */
export function documentWhenStopped(command: string | null, output: Pick<Output, 'jsonLine'>): () => void {
  const removers = Object.entries(exitCodes).map(([signal, exit]) => {
    const listener = (): void => {
      if (process.listenerCount(signal) > 1) return
      output.jsonLine(errorDocument(command, stopped(signal).toJSON()))
      process.exit(exit)
    }
    process.on(signal, listener)
    return () => void process.off(signal, listener)
  })
  return () => {
    for (const remove of removers) remove()
  }
}

const stopped = (signal: string): WaymarkError =>
  new WaymarkError('cancelled', {
    message: `stopped by ${signal} before it was done`,
    means: 'What was recorded before is safe; of what was being saved or written nothing is there, unless it was finished.',
    remedy: 'Run the same command again.',
  })
