import { pathSegments, quotedKey, unreadablePath } from './path-segments.ts'
import type { ValueStep } from './value-step.ts'

/** One step of a pattern: any number of steps, or one whose key fits. */
type PatternStep =
  | { readonly kind: 'any-depth' }
  | { readonly kind: 'key'; readonly fits: (key: string) => boolean; readonly mayBeIndex: boolean }

/** How far each pattern has come at some place: pairs of pattern and step of it. */
export type PatternProgress = readonly (readonly [pattern: number, step: number])[]

const segment = /\.?([^.[\]"]+)|\[(?:map key |set member )?("(?:[^"\\]|\\.)*"|[^\]"]+)\]/y

const refusal = {
  means: 'Nothing was compared.',
  remedy: 'Write it as metrics.loss, rows[*].updatedAt, temp_* or **.cache.',
}

/**
 * Paths with wildcards: `rows[*].ts`, `*.updatedAt`, `**.cache`, `temp_*`. A pattern also fits all that lies inside what it fits.
 *
 * @throws WaymarkError `invalid` for a text that is no such path
 */
export class PathPatterns {
  readonly #patterns: readonly (readonly PatternStep[])[]

  constructor(texts: readonly string[]) {
    this.#patterns = texts.map(parse)
  }

  get isEmpty(): boolean {
    return this.#patterns.length === 0
  }

  /** At the value itself. */
  start(): PatternProgress {
    return this.#patterns.flatMap((_, pattern) => this.#reached(pattern, 0))
  }

  /** One step further in. */
  enter(progress: PatternProgress, step: ValueStep): PatternProgress {
    const key = String(step.key)
    return progress.flatMap(([pattern, at]) => {
      const expected = this.#patterns[pattern]?.[at]
      if (expected === undefined) return [[pattern, at] as const]
      if (expected.kind === 'any-depth') return this.#reached(pattern, at)
      return expected.fits(key) ? this.#reached(pattern, at + 1) : []
    })
  }

  /** Whether some pattern fits the place, or one around it. */
  fits(progress: PatternProgress): boolean {
    return progress.some(([pattern, at]) => at >= (this.#patterns[pattern]?.length ?? 0))
  }

  /** Whether some pattern may fit an element of the array that is at the place. */
  mayFitElement(progress: PatternProgress): boolean {
    return progress.some(([pattern, at]) => {
      const expected = this.#patterns[pattern]?.[at]
      const isIndex = expected === undefined || expected.kind === 'any-depth' || expected.mayBeIndex
      return isIndex && this.fits(this.#reached(pattern, expected?.kind === 'any-depth' ? at : at + 1))
    })
  }

  /** Whether some pattern fits a place or one around it. */
  fitsPath(steps: readonly ValueStep[]): boolean {
    let progress = this.start()
    for (const step of steps) progress = this.enter(progress, step)
    return this.fits(progress)
  }

  /** `**` can also stand for no step. */
  #reached(pattern: number, at: number): PatternProgress {
    const isAnyDepth = this.#patterns[pattern]?.[at]?.kind === 'any-depth'
    return isAnyDepth ? [[pattern, at], ...this.#reached(pattern, at + 1)] : [[pattern, at]]
  }
}

function parse(text: string): readonly PatternStep[] {
  const steps: PatternStep[] = []
  for (const { found, position } of pathSegments(text, segment, refusal))
    steps.push(stepOf(found[1] ?? found[2] ?? '', text, position))
  if (steps.length === 0) throw unreadablePath(text, 0, refusal)
  return steps
}

function stepOf(written: string, text: string, position: number): PatternStep {
  if (written === '**') return { kind: 'any-depth' }
  if (written.startsWith('"')) {
    const name = quotedKey(written, text, position, refusal)
    return { kind: 'key', fits: key => key === name, mayBeIndex: /^\d+$/.test(name) }
  }
  const mayBeIndex = /^[\d*]+$/.test(written)
  const parts = written.split('*')
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return { kind: 'key', fits: key => key === written, mayBeIndex }
  return { kind: 'key', fits: key => fitsParts(key, first, rest, last), mayBeIndex }
}

/** Whether a key begins, goes on and ends with these parts, anything between them. */
function fitsParts(key: string, first: string, middle: readonly string[], last: string): boolean {
  if (!key.startsWith(first) || key.length < first.length + last.length || !key.endsWith(last)) return false
  let at = first.length
  for (const part of middle) {
    const found = key.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= key.length - last.length
}
