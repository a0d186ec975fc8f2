import { readFile } from 'node:fs/promises'

/** One day of one symbol, as the files say it. */
export interface PriceRow {
  readonly symbol: string
  readonly date: string
  readonly close: string
}

/**
 * Real prices that ship inside the package vega-datasets: five stocks by the month from 2000 to 2010, and the S&P 500 index by the day from 2000 to 2020.
 */
export async function readMarketData(signal: AbortSignal): Promise<PriceRow[]> {
  const stocks = await readRows('stocks.csv', signal)
  const index = await readRows('sp500-2000.csv', signal)
  return [
    ...stocks.map(([symbol = '', date = '', close = '']) => ({ symbol, date, close })),
    ...index.map(([date = '', , , , close = '']) => ({ symbol: 'SPX', date, close })),
  ]
}

async function readRows(name: string, signal: AbortSignal): Promise<string[][]> {
  const file = new URL(`../data/${name}`, import.meta.resolve('vega-datasets'))
  const text = await readFile(file, { encoding: 'utf8', signal })
  const [, ...lines] = text.trim().split('\n')
  return lines.map(line => line.trim().split(','))
}
