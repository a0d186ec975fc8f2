import type { ErrorCode } from './errors.ts'
import type { ScopePath } from './scope.ts'

/** Items or stages: those an earlier attempt recorded, those recorded by this one, and all that are recorded now. */
export interface ProofCounts {
  readonly reused: number
  readonly new: number
  readonly total: number
}

/** What an attempt found, did and left, counted where it happened; kept with the end of the attempt. */
export interface AttemptProof {
  /** Items of the run's own passes that were called or reused in this attempt. */
  readonly items: ProofCounts
  /** The run's own stages and passes. */
  readonly stages: ProofCounts
  /** Items that this attempt recorded in passes inside stages and items. What lies inside a finished one is not looked at again, so that no sum can be made of these. Absent: none. */
  readonly inside?: number
  /** Where the counts do not add up to what the plan said, in words. Empty: nothing was lost, and nothing is there twice. */
  readonly differences: readonly string[]
  /** Stages and passes whose earlier result was thrown away, in the order of their ends: the first twenty. Absent: none. */
  readonly redone?: readonly RedoneStage[]
  /** How many there are in all, where there are more. */
  readonly redoneCount?: number
}

/** A stage that was called again although it was recorded, and why. */
export interface RedoneStage {
  readonly path: ScopePath
  readonly why: string
}

/** How the check that the user added to the pipeline ended. */
export interface CheckOutcome {
  readonly outcome: 'passed' | 'failed'
  /** What it failed with. */
  readonly message?: string
}

/** Whether the counts are worth a line: of an attempt that came to nothing, or was refused the items that it was to go on with, they say little of the run. */
export function tellsSomething({ items, stages, differences }: AttemptProof, error: ErrorCode | undefined): boolean {
  if (differences.length > 0) return true
  return error !== 'input_changed' && items.total + stages.total > 0
}

/** One line for people: `nothing lost, nothing twice: 41,200 reused + 18,800 new = 60,000 items`. */
export function proofText(proof: AttemptProof, count: (value: number) => string): string {
  const { items, stages, inside, differences } = proof
  const [counts, what] = items.total > 0 ? [items, 'item'] : [stages, 'stage']
  const whole = `${count(counts.total)} ${what}${counts.total === 1 ? '' : 's'}`
  const within = inside === undefined ? '' : `; ${count(inside)} new inside of them`
  const sum = `${count(counts.reused)} reused + ${count(counts.new)} new = ${whole}${within}`
  if (differences.length === 0) return `nothing lost, nothing twice: ${sum}`
  return `the counts do not add up: ${differences[0]}${differences.length > 1 ? ` (and ${differences.length - 1} more)` : ''}`
}

/** One line for people: `report (asked for with --redo), mail (report was redone and its result changed)`; undefined where nothing was redone. */
export function redoneText({ redone = [], redoneCount }: AttemptProof, shown: number): string | undefined {
  if (redone.length === 0) return undefined
  const rest = (redoneCount ?? redone.length) - Math.min(shown, redone.length)
  const stages = redone.slice(0, shown).map(({ path, why }) => `${path} (${why})`)
  return `${stages.join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`
}

/** `passed`, or why it did not. */
export const checkText = ({ outcome, message }: CheckOutcome): string =>
  outcome === 'passed' ? 'passed' : `failed: ${message?.split('\n')[0] ?? ''}`
