import type { Table } from 'apache-arrow'

/** How late the flights of one state left, over some flights. */
export interface StateDelay {
  readonly state: string
  flights: number
  /** Minutes, early ones negative. */
  delayMinutes: number
}

/** Adds the flights of a table to the sums by the state they leave from. */
export function addDelays(sums: Map<string, StateDelay>, flights: Table): void {
  const states = flights.getChild('origin_state')
  const delays = flights.getChild('delay')
  for (let row = 0; row < flights.numRows; row++) {
    const state = String(states?.get(row) ?? 'unknown')
    const sum = sums.get(state) ?? { state, flights: 0, delayMinutes: 0 }
    sum.flights++
    sum.delayMinutes += Number(delays?.get(row) ?? 0)
    sums.set(state, sum)
  }
}
