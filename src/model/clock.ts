import { randomFillSync } from 'node:crypto'

/** Time, injected everywhere so that tests can jump, freeze and reverse it. The only file allowed to ask the machine. */
export interface Clock {
  /** Wall time in milliseconds since 1970. May jump in either direction: never used to decide who owns what. */
  now(): number
  /** Milliseconds that only grow, for durations and intervals inside one process. */
  monotonicMs(): number
  /**
   * Calls back once after `delayMs`; returns a function that cancels.
   * Keeps the process alive until then, unless `background` (lease renewals, redraws).
   */
  after(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): () => void
}

/** Randomness, injected so that a seed replays a failure. */
export interface Random {
  /** Fresh random bytes; unpredictable in production. */
  bytes(length: number): Uint8Array
  /** For tests: a source that is the same whenever it is asked for under the same name, whatever was drawn before. */
  readonly named?: (name: string) => Random
}

/** A timer of Node that is to run for longer fires at once. */
const longestTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback, options) {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number): void => {
      const stretchMs = Math.min(leftMs, longestTimerMs)
      timer = setTimeout(() => (leftMs > stretchMs ? wait(leftMs - stretchMs) : callback()), stretchMs)
      if (options?.background) timer.unref()
    }
    wait(delayMs)
    return () => clearTimeout(timer)
  },
}

/** Drawn at a time: to ask for sixteen bytes costs 3 to 6 µs, a hundred times what it costs to take them from here. */
const pooledBytes = 4_096
/** So long are secrets, which never lie in the pool. */
const secretBytes = 32
const pool = new Uint8Array(pooledBytes)
let poolUsed = pooledBytes

/** Each byte of the pool is given out once, and forgotten here. */
function pooledRandom(length: number): Uint8Array {
  if (length >= secretBytes) return randomFillSync(new Uint8Array(length))
  if (poolUsed + length > pooledBytes) {
    randomFillSync(pool)
    poolUsed = 0
  }
  const bytes = pool.slice(poolUsed, poolUsed + length)
  pool.fill(0, poolUsed, poolUsed + length)
  poolUsed += length
  return bytes
}

export const systemRandom: Random = {
  bytes: pooledRandom,
}

/** Resolves after `delayMs` on the given clock; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
