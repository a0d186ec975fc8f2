import type { PathPatterns, PatternProgress } from '../model/path-pattern.ts'
import { errorParts, kindOf } from '../model/value-kind.ts'
import type { ValueStep } from '../model/value-step.ts'

/** Whether a value has a place that a pattern fits. Not for patterns with `**`: they would lead through all of it. */
export function hasPlace(value: unknown, patterns: PathPatterns, progress: PatternProgress = patterns.start()): boolean {
  if (patterns.fits(progress)) return true
  if (progress.length === 0 || typeof value !== 'object' || value === null) return false
  for (const [step, part] of partsOf(value)) if (hasPlace(part, patterns, patterns.enter(progress, step))) return true
  return false
}

function* partsOf(value: object): Iterable<readonly [ValueStep, unknown]> {
  if (value instanceof Map) for (const [key, part] of value) yield [{ kind: 'map-key', key }, part]
  else if (value instanceof Set) for (const key of value) yield [{ kind: 'member', key }, key]
  else if (kindOf(value) === 'error')
    for (const [key, part] of Object.entries(errorParts(value))) yield [{ kind: 'property', key }, part]
  else if (Array.isArray(value)) for (const [key, part] of value.entries()) yield [{ kind: 'index', key }, part]
  else if (!ArrayBuffer.isView(value)) for (const [key, part] of Object.entries(value)) yield [{ kind: 'property', key }, part]
}
