import type { PriceRow } from './market-data.ts'

/** A price that makes sense. */
export interface Price {
  readonly symbol: string
  readonly date: Date
  readonly close: number
}

export const priceColumns = { symbol: 'dictionary<utf8>', date: 'timestamp[ms, UTC]', close: 'float64' } as const

/** A price with what its symbol's past says about it. */
export interface Features extends Price {
  /** Change since the price before, as a fraction. */
  readonly change: number
  /** Mean of the last prices, this one included. */
  readonly mean: number
  /** The changes that led to it, newest last. */
  readonly past: readonly number[]
}

export interface Validation {
  readonly rows: number
  readonly symbols: readonly string[]
  /** Rows without a usable date or price, by their place in the input. */
  readonly unusable: readonly number[]
}

export function validate(rows: readonly PriceRow[]): Validation {
  const unusable = rows.flatMap((row, i) => (toPrice(row) === undefined ? [i] : []))
  return { rows: rows.length, symbols: [...new Set(rows.map(row => row.symbol))], unusable }
}

/** Usable prices by symbol and time, one a day. */
export function clean(rows: readonly PriceRow[]): Price[] {
  const prices = rows.flatMap(row => toPrice(row) ?? [])
  prices.sort((a, b) => a.symbol.localeCompare(b.symbol) || a.date.getTime() - b.date.getTime())
  return prices.filter((price, i) => !isSameDay(price, prices[i - 1]))
}

export function addFeatures(prices: readonly Price[], window: number): Features[] {
  return prices.flatMap((price, i) => {
    const series = prices.slice(Math.max(0, i - window), i + 1).filter(other => other.symbol === price.symbol)
    if (series.length <= window) return []
    const past = series.slice(1).map((other, j) => other.close / (series[j]?.close ?? other.close) - 1)
    const mean = series.reduce((sum, other) => sum + other.close, 0) / series.length
    return [{ ...price, change: past.at(-1) ?? 0, mean, past }]
  })
}

function toPrice(row: PriceRow): Price | undefined {
  const date = new Date(`${row.date} UTC`)
  const close = Number(row.close)
  return Number.isFinite(date.getTime()) && close > 0 ? { symbol: row.symbol, date, close } : undefined
}

const isSameDay = (a: Price, b: Price | undefined): boolean => a.symbol === b?.symbol && a.date.getTime() === b.date.getTime()
