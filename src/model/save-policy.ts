/** When progress is made durable. All of it optional; whatever is due first wins. */
export interface SavePolicy {
  /** After so many finished items. */
  readonly items?: number
  /** After so many milliseconds. Default: adaptive, between 50 ms and 1 s. */
  readonly ms?: number
  /** Share of the time that saving may take, 0 to 1. Default 0.01. */
  readonly share?: number
}

const leastIntervalMs = 50
/** A save waits for the disk beside the work and blocks it for microseconds, so that more than this at risk would buy nothing. */
const mostIntervalMs = 1_000
const defaultShare = 0.01

/**
 * Milliseconds from the end of one save to the next, so that saves take about the allowed share of the time: cost / (cost + interval) = share. `lastCostMs` is how long the last
 * save took.
 */
export function saveIntervalMs(policy: SavePolicy, lastCostMs: number): number {
  if (policy.ms !== undefined) return policy.ms
  const share = policy.share ?? defaultShare
  const interval = share >= 1 ? 0 : (lastCostMs * (1 - share)) / Math.max(share, 1e-6)
  return Math.min(mostIntervalMs, Math.max(leastIntervalMs, interval))
}
