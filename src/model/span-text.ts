const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

/** A span of time in words, in the largest unit of which there are two, rounded down: `3 days`, `24 hours`, `90 seconds`, `40 ms`. */
export function spanText(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'for ever'
  for (const [unit, unitMs] of units) {
    const amount = Math.floor(ms / unitMs)
    if (amount >= 2) return `${amount} ${unit}s`
    // 24 hours are no day and 60 minutes no hour: what was given as one is said as one.
    if (ms === unitMs && unit !== 'day') return `1 ${unit}`
  }
  return ms >= 1_000 ? `1 second` : `${Math.max(0, Math.floor(ms))} ms`
}
