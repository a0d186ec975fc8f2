import type { EndCause } from '../model/records.ts'

/** `the process was killed by SIGKILL, likely out of memory`. */
export function crashMessage({ kind, signal, exitCode, likely, evidence }: EndCause): string {
  const what =
    kind === 'signal' ? `the process was killed by ${signal ?? 'a signal'}` : `the process ended with code ${exitCode ?? '?'}`
  return [what, ...(likely === undefined ? [] : [`likely ${likely}`]), ...(evidence === undefined ? [] : [evidence])].join(', ')
}
