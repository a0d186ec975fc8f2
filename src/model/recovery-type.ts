/**
 * What kind of beginning an attempt is, told from what is recorded and from who started it:
 *
 * - `fresh`: a new run; nothing is recorded.
 * - `retry`: the supervisor started it again, after a pause, because the attempt before failed or crashed.
 * - `resume`: it goes on where an attempt ended early: it crashed, failed, or was stopped.
 * - `normal`: nothing was cut short. The attempt before did all that was asked of it, and more is asked for now: a redo, items requeued, the stages after `--until`; or it is the first of a fork.
 */
export type RecoveryType = 'fresh' | 'resume' | 'retry' | 'normal'

export interface Recovery {
  readonly type: RecoveryType
  /** For `retry`: which restart this is, from 1; and how many there may be. */
  readonly restart?: number
  readonly restarts?: number
  /** For `retry`: the pause before it, in milliseconds. */
  readonly backoffMs?: number
  /** Restarts in the life of the run, this one included, where there were any. */
  readonly restartsInAll?: number
}

/** Which restart of a supervisor an attempt is. */
export interface Restart {
  /** From 1. */
  readonly restart: number
  /** How many there may be. */
  readonly restarts: number
  /** The pause before it, in milliseconds. */
  readonly backoffMs: number
}

export interface RecoveryFacts {
  /** Attempts begun before this one. */
  readonly attempts: number
  /** How the attempt before ended; undefined if it never said: its process died, or was lost. */
  readonly ended: { readonly state: 'completed' | 'failed' | 'paused' | 'cancelled'; readonly held?: string } | undefined
  /** Set where a supervisor started this attempt again. */
  readonly restart: Restart | undefined
  /** Restarts recorded before. */
  readonly restartsBefore: number
  /** What another run recorded counts in this one. */
  readonly isFork?: boolean
}

export function recoveryOf({ attempts, ended, restart, restartsBefore, isFork = false }: RecoveryFacts): Recovery {
  const inAll = restartsBefore + (restart === undefined ? 0 : 1)
  const counted = inAll === 0 ? {} : { restartsInAll: inAll }
  if (attempts === 0) return { type: isFork ? 'normal' : 'fresh' }
  if (restart !== undefined) return { type: 'retry', ...restart, ...counted }
  const wasWhole = ended?.state === 'completed' || ended?.held !== undefined
  return { type: wasWhole ? 'normal' : 'resume', ...counted }
}
