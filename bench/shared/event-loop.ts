export interface Watched<T> {
  readonly result: T
  readonly wallMs: number
  /** Longest time in which no timer could run. A free loop shows about 1 ms, the shortest timeout. */
  readonly blockMs: number
}

/** Runs `work` beside a timer of 0 ms and looks for its longest gap. perf_hooks' histogram samples too rarely for gaps of a few milliseconds. */
export async function watched<T>(work: () => T | Promise<T>): Promise<Watched<T>> {
  let last = performance.now()
  let blockMs = 0
  let timer: NodeJS.Timeout
  const tick = () => {
    const now = performance.now()
    blockMs = Math.max(blockMs, now - last)
    last = now
    timer = setTimeout(tick, 0)
  }
  timer = setTimeout(tick, 0)
  const start = performance.now()
  last = start
  const result = await work()
  const wallMs = performance.now() - start
  // What blocked until now, the timer has not seen.
  blockMs = Math.max(blockMs, performance.now() - last)
  clearTimeout(timer)
  return { result, wallMs, blockMs }
}
