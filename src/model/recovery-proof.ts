/** Items or stages: those an earlier attempt recorded, those recorded by this one, and all that are recorded now. */
export interface ProofCounts {
  readonly reused: number
  readonly new: number
  readonly total: number
}

/** What an attempt found, did and left, counted where it happened; kept with the end of the attempt. */
export interface AttemptProof {
  /** Items of every pass that was called or reused in this attempt. */
  readonly items: ProofCounts
  readonly stages: ProofCounts
  /** Where the counts do not add up to what the plan said, in words. Empty: nothing was lost, and nothing is there twice. */
  readonly differences: readonly string[]
}

/** How the check that the user added to the pipeline ended. */
export interface CheckOutcome {
  readonly outcome: 'passed' | 'failed'
  /** What it failed with. */
  readonly message?: string
}

/** One line for people: `nothing lost, nothing twice: 41,200 reused + 18,800 new = 60,000 items`. */
export function proofText(proof: AttemptProof, count: (value: number) => string): string {
  const { items, stages, differences } = proof
  const [counts, what] = items.total > 0 ? [items, 'items'] : [stages, 'stages']
  const sum = `${count(counts.reused)} reused + ${count(counts.new)} new = ${count(counts.total)} ${what}`
  if (differences.length === 0) return `nothing lost, nothing twice: ${sum}`
  return `the counts do not add up: ${differences[0]}${differences.length > 1 ? ` (and ${differences.length - 1} more)` : ''}`
}

/** `passed`, or why it did not. */
export const checkText = ({ outcome, message }: CheckOutcome): string =>
  outcome === 'passed' ? 'passed' : `failed: ${message?.split('\n')[0] ?? ''}`
