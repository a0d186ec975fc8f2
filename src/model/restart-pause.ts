/** Pauses before a supervisor begins the next attempt, in milliseconds. */
export interface Backoff {
  /** Before the first restart; doubles with each further one. Default 1,000. */
  readonly firstMs: number
  /** No pause is longer. Default 30,000. */
  readonly longestMs: number
}

export const defaultBackoff: Backoff = { firstMs: 1_000, longestMs: 30_000 }

/**
 * The pause before a restart (from 1): `firstMs`, twice that, four times …, at most `longestMs`; of that between half and all, by `fraction` (0 to below 1), so that runs which failed together do
 * not come back together. Not from nothing to all ("full jitter"): what has just failed is not tried again at once.
 */
export function restartPauseMs(restart: number, { firstMs, longestMs }: Backoff, fraction: number): number {
  const whole = Math.min(firstMs * 2 ** Math.min(restart - 1, 40), longestMs)
  return whole / 2 + (whole / 2) * fraction
}
