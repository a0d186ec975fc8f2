import type { RunView } from './run-view.ts'

/** Before anything is known: one failure in a day of work. It counts as one that was seen, so that a few hours prove little. */
export const priorMs = 86_400_000

type SeenRun = Pick<RunView, 'attempt' | 'state' | 'createdAt' | 'updatedAt'>

/**
 * Mean time to failure of a pipeline's work, in milliseconds, from the runs there were: the time worked over the attempts that did
 * not end well. The catalog does not keep how each attempt ended, so every attempt but the newest counts as a failure, also one
 * that was stopped on purpose, and pauses between attempts count as work up to a day each; the first errs towards more saves, the
 * second towards fewer.
 */
export function meanTimeToFailureMs(runs: readonly SeenRun[]): number {
  let failures = 1
  let workedMs = priorMs
  for (const { attempt, state, createdAt, updatedAt } of runs) {
    failures += Math.max(0, attempt - 1) + (state === 'failed' ? 1 : 0)
    workedMs += Math.min(Math.max(0, updatedAt - createdAt), Math.max(1, attempt) * priorMs)
  }
  return workedMs / failures
}
