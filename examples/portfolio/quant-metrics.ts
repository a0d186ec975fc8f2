/** Changes from each price to the next, as fractions. */
export const returnsOf = (closes: readonly number[]): number[] =>
  closes.slice(1).map((close, i) => close / (closes[i] ?? close) - 1)

/** Mean return over its standard deviation (of a sample), for a year. Null where nothing varies. */
export function sharpe(returns: readonly number[], periodsPerYear: number): number | null {
  if (returns.length < 2) return null
  const mean = meanOf(returns)
  const deviation = Math.sqrt(returns.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (returns.length - 1))
  return deviation === 0 ? null : (mean / deviation) * Math.sqrt(periodsPerYear)
}

/** Mean return over the root of the mean squared loss, where a gain counts as a loss of 0; for a year. Null where there was no loss. */
export function sortino(returns: readonly number[], periodsPerYear: number): number | null {
  if (returns.length === 0) return null
  const downside = Math.sqrt(meanOf(returns.map(one => Math.min(0, one) ** 2)))
  return downside === 0 ? null : (meanOf(returns) / downside) * Math.sqrt(periodsPerYear)
}

/** The deepest fall from the highest price before, as a fraction of that. */
export function maxDrawdown(closes: readonly number[]): number {
  let peak = 0
  let deepest = 0
  for (const close of closes) {
    peak = Math.max(peak, close)
    deepest = Math.max(deepest, 1 - close / peak)
  }
  return deepest
}

/** Share of the returns that are gains. */
export const winRate = (returns: readonly number[]): number =>
  returns.length === 0 ? 0 : returns.filter(one => one > 0).length / returns.length

/** Sum of the gains over sum of the losses. Null where there was no loss. */
export function profitFactor(returns: readonly number[]): number | null {
  const losses = -sumOf(returns.filter(one => one < 0))
  return losses === 0 ? null : sumOf(returns.filter(one => one > 0)) / losses
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0)
const meanOf = (values: readonly number[]): number => sumOf(values) / values.length
