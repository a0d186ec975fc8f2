import type { Features } from './prices.ts'

export interface Signal {
  readonly symbol: string
  readonly date: string
  readonly action: 'buy' | 'sell' | 'hold'
  /** Share of the simulated futures that end above today's price. */
  readonly chanceOfGain: number
}

/**
 * Draws `paths` futures of ten steps from the changes of the past (a bootstrap) and says what most of them suggest. The draws depend on the row alone, so that the same row gives the
 * same signal in every attempt.
 */
export function signalFor(row: Features, paths: number): Signal {
  const draw = generator(row.date.getTime() ^ (row.close * 1000))
  let gains = 0
  for (let path = 0; path < paths; path++) {
    let price = 1
    for (let step = 0; step < 10; step++) price *= 1 + (row.past[Math.floor(draw() * row.past.length)] ?? 0)
    if (price > 1) gains++
  }
  const chanceOfGain = gains / paths
  const action = chanceOfGain > 0.6 ? 'buy' : chanceOfGain < 0.4 ? 'sell' : 'hold'
  return { symbol: row.symbol, date: row.date.toISOString().slice(0, 10), action, chanceOfGain }
}

/** Numbers from 0 to below 1 that depend on the seed alone (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
