/** How long one call may take, and how long all calls and the pauses between them. */
export interface TimeLimits {
  readonly timeoutMs?: number | undefined
  readonly totalTimeoutMs?: number | undefined
}

/** Milliseconds for the next call, of which there is always a little; undefined: without end. */
export function timeLimitMs({ timeoutMs, totalTimeoutMs }: TimeLimits, elapsedMs: number): number | undefined {
  if (totalTimeoutMs === undefined) return timeoutMs
  const leftMs = Math.max(1, totalTimeoutMs - elapsedMs)
  return timeoutMs === undefined ? leftMs : Math.min(timeoutMs, leftMs)
}
