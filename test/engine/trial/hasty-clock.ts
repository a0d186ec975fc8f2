import type { Clock } from '../../../src/model/clock.ts'

/** Time that passes only when somebody waits for it, and then at once. Of the timers in the background only those of up to a second fire. */
export function hastyClock(startMs = Date.UTC(2026, 0, 1)): Clock {
  let now = startMs
  return {
    now: () => now,
    monotonicMs: () => now,
    after(delayMs, callback, options) {
      if (options?.background === true && delayMs > 1_000) return () => {}
      const timer = setImmediate(() => {
        now += delayMs
        callback()
      })
      return () => clearImmediate(timer)
    },
  }
}
