import { z } from 'zod'
import type { Price } from './prices.ts'
import { maxDrawdown, profitFactor, returnsOf, sharpe, sortino, winRate } from './quant-metrics.ts'

/** All prices of one symbol, oldest first. */
export interface Series {
  readonly symbol: string
  readonly dates: readonly Date[]
  readonly closes: readonly number[]
}

const metric = z.number().nullable()

/** What is recorded of every ticker. */
export const quantValidation = z.object({
  ticker: z.string(),
  status: z.enum(['pass', 'fail']),
  sharpe: metric,
  sortino: metric,
  maxDrawdown: z.number(),
  winRate: z.number(),
  profitFactor: metric,
  /** Names of the criteria it fails. */
  failed: z.array(z.string()),
  /** What a position of this ticker could be: nothing, where it fails. */
  position: z.object({ value: z.number(), shares: z.number().int() }),
  market: z.object({ rows: z.number().int(), from: z.string(), to: z.string(), source: z.string() }),
})

export type QuantValidation = z.infer<typeof quantValidation>

declare module 'waymark' {
  interface WaymarkRecords {
    readonly quant_validation: QuantValidation
  }
}

/** A metric that cannot be told, as nothing was lost, is no reason to fail. */
const criteria: Readonly<Record<string, (metrics: Metrics) => boolean>> = {
  sharpe: ({ sharpe: ratio }) => ratio === null || ratio >= 0.5,
  sortino: ({ sortino: ratio }) => ratio === null || ratio >= 0.7,
  maxDrawdown: ({ maxDrawdown: fall }) => fall <= 0.6,
  winRate: ({ winRate: share }) => share >= 0.5,
  profitFactor: ({ profitFactor: factor }) => factor === null || factor >= 1.1,
}

type Metrics = Pick<QuantValidation, 'sharpe' | 'sortino' | 'maxDrawdown' | 'winRate' | 'profitFactor'>

/** Prices by symbol; they come in order of symbol and date. */
export function seriesOf(prices: Iterable<Price>): Series[] {
  const found = new Map<string, { symbol: string; dates: Date[]; closes: number[] }>()
  for (const { symbol, date, close } of prices) {
    const series = found.get(symbol) ?? { symbol, dates: [], closes: [] }
    found.set(symbol, series)
    series.dates.push(date)
    series.closes.push(close)
  }
  return [...found.values()]
}

/** Judges a ticker by its past. @param value Of a position that passes, in the currency of its prices */
export function validateTicker({ symbol, dates, closes }: Series, value: number): QuantValidation {
  const returns = returnsOf(closes)
  const periods = periodsPerYear(dates)
  const metrics: Metrics = {
    sharpe: sharpe(returns, periods),
    sortino: sortino(returns, periods),
    maxDrawdown: maxDrawdown(closes),
    winRate: winRate(returns),
    profitFactor: profitFactor(returns),
  }
  const failed = Object.entries(criteria).flatMap(([name, holds]) => (holds(metrics) ? [] : [name]))
  const passes = failed.length === 0
  const shares = passes ? Math.floor(value / (closes.at(-1) ?? Number.POSITIVE_INFINITY)) : 0
  return {
    ticker: symbol,
    status: passes ? 'pass' : 'fail',
    ...metrics,
    failed,
    position: { value: shares * (closes.at(-1) ?? 0), shares },
    market: { rows: closes.length, from: dayOf(dates[0]), to: dayOf(dates.at(-1)), source: 'vega-datasets' },
  }
}

const yearMs = 365.25 * 86_400_000

/** How often a year has a price, as far as these tell. */
function periodsPerYear(dates: readonly Date[]): number {
  const spanMs = (dates.at(-1)?.getTime() ?? 0) - (dates[0]?.getTime() ?? 0)
  return spanMs === 0 ? 1 : ((dates.length - 1) * yearMs) / spanMs
}

const dayOf = (date: Date | undefined): string => date?.toISOString().slice(0, 10) ?? ''
