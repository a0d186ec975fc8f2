import type { RecordedStage } from '../model/recorded-stage.ts'
import type { ScopePath } from '../model/scope.ts'
import type { ItemTarget } from '../outputs/item-target.ts'
import type { Attempt } from './attempt.ts'
import type { BatchFunction, ItemFunction } from './item-caller.ts'
import type { ItemInput } from './item-input.ts'
import type { PassTimings } from './pass-timings.ts'
import type { EachOptions } from './run.ts'

/** A pass over items that is about to begin or go on. */
export interface ItemPass {
  readonly attempt: Attempt
  readonly path: ScopePath
  readonly fn: ItemFunction | BatchFunction
  readonly options: EachOptions<unknown, unknown>
  readonly input: ItemInput
  /** What counts of earlier attempts. */
  readonly recorded: RecordedStage | undefined
  /** Why what was recorded is thrown away, if it is. */
  readonly redo: string | undefined
  readonly target: ItemTarget<unknown> | undefined
  /** Aborts with the run, or when the call it is made in is over. */
  readonly signal: AbortSignal
  readonly timings: PassTimings
}
