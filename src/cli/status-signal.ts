import type { Clock } from '../model/clock.ts'

/** A signal to a whole process group arrives by several ways at once. */
const togetherMs = 300

/** Calls back when somebody asks with SIGUSR1 how far it is; the function returned ends that. Without a listener Node would open its debugger. */
export function onStatusSignal(clock: Clock, tell: () => void): () => void {
  const listener = onceTogether(clock, tell)
  try {
    process.on('SIGUSR1', listener)
  } catch {
    // Systems without this signal.
  }
  return () => void process.off('SIGUSR1', listener)
}

/** Calls of one moment count once. */
export function onceTogether(clock: Clock, tell: () => void): () => void {
  let lastMs = Number.NEGATIVE_INFINITY
  return () => {
    const now = clock.monotonicMs()
    if (now - lastMs < togetherMs) return
    lastMs = now
    tell()
  }
}
