import { dalyIntervalMs, leastIntervalFor, type SaveCosts } from './checkpoint-interval.ts'
import { describe } from './describe.ts'
import { nearest } from './did-you-mean.ts'
import { WaymarkError } from './errors.ts'

/**
 * When progress is saved. All of it optional; whatever is due first wins. Besides, it is always saved at the end of a pass over
 * items, when that is stopped, and on error.
 */
export interface SavePolicy {
  /** After so many finished items. */
  readonly items?: number
  /** After so many units: calls of the function where it takes batches, else items. */
  readonly units?: number
  /** After so much of all items, from 0 to 1. Default 0.05 (5 %) where their number is known, unless saves would cost more than `overhead`. */
  readonly share?: number
  /** After so many milliseconds. Default: adaptive, at most 5 minutes. */
  readonly ms?: number
  /** Share of the time that saving may take with the adaptive interval, from 0 to 1. Default 0.01 (1 %). */
  readonly overhead?: number
}

/** Why the time between saves is what it is. */
export type SaveReason =
  /** `ms` of the policy. */
  | 'given'
  /** The optimum of Daly's formula for the measured cost of a save and the observed failures. */
  | 'optimum'
  /** Shorter than the optimum: saves are so cheap that little need be at risk. */
  | 'cheap'
  /** Longer than the optimum: more saves would take more than `overhead`. */
  | 'overhead'
  /** 50 ms. */
  | 'least'
  /** 5 minutes. */
  | 'most'

export interface SaveInterval {
  /** From the end of one save to the beginning of the next. */
  readonly ms: number
  readonly reason: SaveReason
}

/** More than this at risk would buy nothing where a save costs next to nothing. */
const cheapIntervalMs = 1_000
/** A second's work is saved in pieces no smaller than this. */
const leastIntervalMs = 50
const mostIntervalMs = 300_000
const defaultOverhead = 0.01
const defaultShare = 0.05

/**
 * The time between saves. Adaptive: the optimum that loses least, held between what `overhead` allows and ten times that: where the
 * optimum is longer, a tenth of the allowance buys that less is at risk, and nobody feels it; nor is it longer than a second where
 * that costs as little.
 */
export function saveInterval(policy: SavePolicy, costs: SaveCosts): SaveInterval {
  if (policy.ms !== undefined) return { ms: policy.ms, reason: 'given' }
  const allowed = Math.max(leastIntervalMs, leastIntervalFor(costs.costMs, policy.overhead ?? defaultOverhead))
  const cheap = Math.max(cheapIntervalMs, 10 * allowed)
  const optimum = dalyIntervalMs(costs)
  if (allowed >= mostIntervalMs) return { ms: allowed, reason: 'overhead' }
  if (optimum < allowed) return { ms: allowed, reason: allowed === leastIntervalMs ? 'least' : 'overhead' }
  const ms = Math.min(optimum, cheap)
  if (ms > mostIntervalMs) return { ms: mostIntervalMs, reason: 'most' }
  return { ms, reason: optimum > cheap ? 'cheap' : 'optimum' }
}

export interface SaveCounts {
  /** Save after so many finished items, whatever that costs. */
  readonly items: number
  /** Save after so many, if the last save is `shareAfterMs` ago. */
  readonly shareItems: number
}

/**
 * After how many items a save is due.
 *
 * @param total Items in all, if that is known.
 * @param batch Items of one call.
 */
export function saveCounts({ items, units, share }: SavePolicy, total: number | undefined, batch = 1): SaveCounts {
  const never = Number.POSITIVE_INFINITY
  const ofShare = total === undefined ? never : Math.max(1, Math.ceil(total * (share ?? defaultShare)))
  const asked = Math.min(items ?? never, units === undefined ? never : units * batch, share === undefined ? never : ofShare)
  return { items: asked, shareItems: ofShare }
}

/** The least time between two saves that only the default share asks for. */
export const shareAfterMs = (policy: SavePolicy, costMs: number): number =>
  Math.max(leastIntervalMs, leastIntervalFor(costMs, policy.overhead ?? defaultOverhead))

/** @throws WaymarkError `invalid` for a policy that cannot be meant */
export function checkSavePolicy(policy: unknown, where: string): void {
  if (policy === undefined) return
  if (typeof policy !== 'object' || policy === null) throw bad(where, `save is ${describe(policy)}, not an object`)
  for (const [name, value] of Object.entries(policy)) {
    const rule = rules.get(name)
    if (rule === undefined) {
      const near = nearest(name, [...rules.keys()])
      throw bad(where, `save has no ${JSON.stringify(name)}${near === undefined ? '' : `; did you mean ${near}?`}`)
    }
    if (value === undefined) continue
    if (typeof value !== 'number' || !rule.holds(value))
      throw bad(where, `save.${name} must be ${rule.text}, not ${describe(value)}`)
  }
}

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1
const isShare = (value: number): boolean => value > 0 && value <= 1

const rules: ReadonlyMap<string, { readonly holds: (value: number) => boolean; readonly text: string }> = new Map([
  ['items', { holds: isCount, text: 'a whole number of at least 1' }],
  ['units', { holds: isCount, text: 'a whole number of at least 1' }],
  ['share', { holds: isShare, text: 'a number above 0 and at most 1' }],
  ['ms', { holds: value => value >= 0 && Number.isFinite(value), text: 'a number of milliseconds' }],
  ['overhead', { holds: isShare, text: 'a number above 0 and at most 1' }],
])

function bad(where: string, what: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `${where}: ${what}`,
    means: 'Nothing was done.',
    remedy: 'save: { items: 100, ms: 10_000, share: 0.05, overhead: 0.01 }: each of them may be left out.',
  })
}
