import type { PatternProgress } from '../model/path-pattern.ts'
import type { ValueStep } from '../model/value-step.ts'

/** A pair of values on the way from the whole to where the comparison is. */
export interface Place {
  readonly parent: Place | undefined
  readonly step: ValueStep | undefined
  readonly stepBefore: ValueStep | undefined
  readonly a: object
  readonly b: object
  readonly depth: number
  readonly patterns: PatternProgress | undefined
}

/** A pair that lies inside itself is being compared further out. */
export function isWithinItself(parent: Place | undefined, a: object, b: object): boolean {
  for (let place = parent; place !== undefined; place = place.parent) if (place.a === a && place.b === b) return true
  return false
}

/** The way to what is under a step in the second value. */
export function stepsTo(place: Place | undefined, last: ValueStep | undefined): ValueStep[] {
  const steps = last === undefined ? [] : [last]
  for (let at = place; at?.step !== undefined; at = at.parent) steps.push(at.step)
  return steps.reverse()
}

/** The same in the first value. */
export function stepsBefore(place: Place | undefined, last: ValueStep | undefined): ValueStep[] {
  const steps = last === undefined ? [] : [last]
  for (let at = place; at?.stepBefore !== undefined; at = at.parent) steps.push(at.stepBefore)
  return steps.reverse()
}
