import type { ValueStep } from '../model/value-step.ts'
import { columnarOfArrow, isArrowTable } from '../tables/arrow-bridge.ts'
import { arrowRows } from './arrow-rows.ts'
import type { Redaction } from './redaction.ts'

/** So many values of a result are looked at: some tens of milliseconds. */
export const mostLookedAt = 50_000

const root: ValueStep = { kind: 'property', key: 'value' }

/**
 * Remembers what is secret of what a stage or an item returned: errors and lines of the pipeline may tell of it. Looks at no more than `mostValues` values in it, and returns how many of these are left.
 *
 * @param within where in the result it stands, if it is an element or what an item gave
 */
export function learnResult(
  redaction: Redaction,
  value: unknown,
  mostValues = mostLookedAt,
  within: readonly ValueStep[] = [],
): number {
  if (!redaction.hasPaths && holdsNothing(value)) return mostValues - 1
  const inner = within.length === 0 ? [] : [within, [root, ...within]]
  return redaction.learn(secretRows(redaction, value, mostValues) ?? value, [[], [root], ...inner], mostValues)
}

/** Most items give a number, a short text or nothing: no name says that these are secret. */
const holdsNothing = (value: unknown): boolean =>
  typeof value === 'string' ? !value.includes('://') : typeof value !== 'object' || value === null

/** The first rows of an Arrow table, none if it has no column of secrets. */
function secretRows(redaction: Redaction, value: unknown, mostValues: number): readonly object[] | undefined {
  if (typeof value !== 'object' || value === null || !isArrowTable(value)) return undefined
  const { fields } = columnarOfArrow(value)
  if (!fields.some(({ name }) => redaction.hidesName(name))) return []
  return arrowRows(value, Math.ceil(mostValues / fields.length))?.rows
}
