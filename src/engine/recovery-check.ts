import type { PlannedStage } from '../model/plan.ts'
import type { CheckOutcome, ProofCounts } from '../model/recovery-proof.ts'
import type { RecoveryType } from '../model/recovery-type.ts'
import type { Attempt } from './attempt.ts'

/** What a user's own check after a recovery is given. */
export interface RecoveryReport {
  readonly run: string
  /** From 2. */
  readonly attempt: number
  readonly recovery: RecoveryType
  /** Items that were reused, that are new, and that there are in all. */
  readonly items: ProofCounts
  readonly stages: ProofCounts
  /** What the plan said of each stage of the run itself. */
  readonly plan: readonly PlannedStage[]
  /** What the pipeline's function returned. */
  readonly value: unknown
  /** Aborts when the run must stop now. */
  readonly signal: AbortSignal
}

/** Throws, or returns false, if something is wrong with what the recovery made; anything else passes. */
export type RecoveryCheck = (report: RecoveryReport) => unknown

/** How a check ended, and what it threw. */
export interface CheckEnd {
  readonly outcome: CheckOutcome
  readonly error?: unknown
}

/** Calls the check after a recovery: of a first attempt there is nothing to check. */
export async function checkRecovery(
  attempt: Attempt,
  check: RecoveryCheck | undefined,
  value: unknown,
): Promise<CheckEnd | undefined> {
  const { run, plan, attempt: number } = attempt.facts
  if (check === undefined || number === 1) return undefined
  const { items, stages } = attempt.check.proof
  try {
    const answered = check({
      run,
      attempt: number,
      recovery: plan.recovery?.type ?? 'resume',
      items,
      stages,
      plan: plan.stages,
      value,
      signal: attempt.signal,
    })
    const answer: unknown = await Promise.resolve(answered)
    if (answer !== false) return { outcome: { outcome: 'passed' } }
    return failed(new Error('the check returned false'))
  } catch (error) {
    return failed(error)
  }
}

const failed = (error: unknown): CheckEnd => ({
  outcome: { outcome: 'failed', message: error instanceof Error ? error.message : String(error) },
  error,
})
