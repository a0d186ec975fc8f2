import { type FaultCode, kindsHitBy } from '../../../src/testing/faulty-files.ts'
import type { OperationKind } from '../../../src/testing/intercepted-files.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import type { FaultPlan } from './trial.ts'

const codes: readonly FaultCode[] = ['EIO', 'ENOSPC', 'EDQUOT', 'EMFILE', 'EACCES']

/** Every fault that can hit an operation of this kind, at a place in the trace. */
function everyPlan(kind: OperationKind, at: number): readonly FaultPlan[] {
  const effects = kind === 'write' ? (['nothing', 'part', 'all'] as const) : (['nothing', 'all'] as const)
  const plans: FaultPlan[] = []
  for (const code of codes) {
    if (!kindsHitBy[code].some(hit => hit === kind)) continue
    for (const effect of effects) {
      const fates = kind === 'sync' && effect === 'nothing' ? (['drop', 'keep'] as const) : (['drop'] as const)
      for (const fate of fates) for (const lasts of ['once', 'for-good'] as const) plans.push({ code, at, lasts, effect, fate })
    }
  }
  return plans
}

/**
 * Faults at the operations of a trace: for each sync one that drops and one that keeps what it should have stored; of the rest one for a share of the operations, drawn by the seed.
 * With WAYMARK_EVERY_FAULT=1 all there are, which takes many minutes.
 */
export function* faultPlans(kinds: readonly (OperationKind | undefined)[], share: number, seed: number): Iterable<FaultPlan> {
  const random = seededRandom(seed)
  for (const [i, kind] of kinds.entries()) {
    if (kind === undefined) continue
    const plans = everyPlan(kind, i + 1)
    if (process.env['WAYMARK_EVERY_FAULT'] === '1') {
      yield* plans
      continue
    }
    if (random.bool(share)) yield random.pick(plans)
    yield* plans.filter(plan => kind === 'sync' && plan.code === 'EIO' && plan.effect === 'nothing' && plan.lasts === 'once')
  }
}

/**
 * For each operation of a trace a fault that passes and one that stays, drawn by the seed, and each way in which a sync can fail.
 * With WAYMARK_EVERY_FAULT=1 all there are.
 */
export function* faultPlansForEach(kinds: readonly (OperationKind | undefined)[], seed: number): Iterable<FaultPlan> {
  const random = seededRandom(seed)
  for (const [i, kind] of kinds.entries()) {
    const plans = kind === undefined ? [] : everyPlan(kind, i + 1)
    if (process.env['WAYMARK_EVERY_FAULT'] === '1') yield* plans
    else {
      const syncs = plans.filter(plan => kind === 'sync' && plan.code === 'EIO')
      const rest = plans.filter(plan => !syncs.includes(plan))
      for (const lasts of ['once', 'for-good']) {
        const fitting = rest.filter(plan => plan.lasts === lasts)
        if (fitting.length > 0) yield random.pick(fitting)
      }
      yield* syncs
    }
  }
}
