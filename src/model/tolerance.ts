/** How many items may be set aside before the stage fails. With both, both hold. */
export interface Tolerance {
  /** So many items. */
  readonly count?: number
  /** Share of the items, 0 to 1. While the total is unknown it is held against the items finished so far, from the hundredth on, and against the total at the end. */
  readonly share?: number
}

export interface ToleranceFacts {
  /** The one in question included. */
  readonly setAside: number
  readonly total: number | undefined
  /** Done, skipped and set aside. */
  readonly finished: number
}

/** Fewer finished items say nothing about a share. */
const leastFinished = 100

/** Why no further item may be set aside, or undefined if it may. */
export function beyondTolerance(tolerance: Tolerance | undefined, facts: ToleranceFacts): string | undefined {
  if (tolerance === undefined) return 'no item may fail'
  const { count, share } = tolerance
  const { setAside, total, finished } = facts
  if (count !== undefined && setAside > count) return `tolerate allows ${count} items`
  if (share === undefined) return undefined
  const of = total ?? (finished >= leastFinished ? finished : undefined)
  if (of === undefined || setAside <= share * of) return undefined
  return `tolerate allows ${Number((share * 100).toFixed(3))} % of ${of} items`
}
