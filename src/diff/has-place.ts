import type { PathPatterns, PatternProgress } from './path-pattern.ts'
import type { ValueStep } from './value-step.ts'

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
  else if (Array.isArray(value)) for (const [key, part] of value.entries()) yield [{ kind: 'index', key }, part]
  else if (!ArrayBuffer.isView(value)) for (const [key, part] of Object.entries(value)) yield [{ kind: 'property', key }, part]
}
