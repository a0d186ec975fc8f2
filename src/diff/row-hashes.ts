import { PathPatterns, type PatternProgress } from '../model/path-pattern.ts'
import { kindOf } from '../model/value-kind.ts'
import type { ValueStep } from '../model/value-step.ts'
import { contentHash, entryHash, fullContentHash } from './content-hash.ts'
import type { ContentHashes } from './content-index.ts'

/** Deeper than this nothing is looked at where something may be left out. */
const mostLevels = 4

/** Hashes of values by what is not left out of them: those that only differ there have the same. */
export function rowHashes(ignore: readonly string[]): ContentHashes {
  if (ignore.length === 0) return { quick: contentHash, full: fullContentHash }
  const patterns = new PathPatterns(ignore)
  const start = patterns.start()
  return {
    quick: row => hashWithout(row, patterns, start, contentHash, 0),
    full: row => hashWithout(row, patterns, start, fullContentHash, 0),
  }
}

function hashWithout(
  value: unknown,
  patterns: PathPatterns,
  progress: PatternProgress,
  hashOf: (value: unknown) => number,
  level: number,
): number {
  if (patterns.fits(progress)) return 0
  if (progress.length === 0 || typeof value !== 'object' || value === null) return hashOf(value)
  const kind = kindOf(value)
  if (kind === 'leaf') return hashOf(value)
  if (level > mostLevels || kind === 'error' || kind === 'set') return 1
  const partHash = (step: ValueStep, part: unknown): number => {
    const inside = patterns.enter(progress, step)
    return patterns.fits(inside) ? 0 : entryHash(String(step.key), hashWithout(part, patterns, inside, hashOf, level + 1))
  }
  let hash = 0
  if (Array.isArray(value)) {
    // An element that is left out may be missing in the other.
    if (patterns.mayFitElement(progress)) return 2
    for (let key = 0; key < value.length; key++) hash = (hash + partHash({ kind: 'index', key }, value[key])) | 0
  } else if (value instanceof Map) {
    for (const [key, part] of value) {
      // An object as key stands under its place, which may be another one in the other.
      if (typeof key !== 'object' || key === null) hash = (hash + partHash({ kind: 'map-key', key }, part)) | 0
    }
  } else for (const [key, part] of Object.entries(value)) hash = (hash + partHash({ kind: 'property', key }, part)) | 0
  return hash
}
