import type { RecordedStage } from '../model/recorded-stage.ts'
import type { InputRecord } from '../model/records.ts'
import { jsonl } from '../outputs/item-file.ts'
import { inputChange, inputChangedError, needsAccepting } from './input-change.ts'
import { type LookedAtFile, lookAtFile } from './input-file-record.ts'
import { valueRecord } from './input-value.ts'
import type { StoreCore } from './store-core.ts'
import { withRemedy } from './with-remedy.ts'

export interface TrackedInput {
  /** Undefined: the caller said nothing, now or before. */
  readonly record: InputRecord | undefined
  /** Why what is recorded counts no more, if it does not. */
  readonly redo?: string
}

export interface TrackedInputFacts {
  readonly core: StoreCore
  readonly run: string
  readonly path: string
  /** What counts of earlier attempts. */
  readonly recorded: RecordedStage | undefined
  readonly accepted: boolean
}

/**
 * Finds out what a tracked loop works on, and holds it against what it worked on before.
 *
 * @throws WaymarkError `input_changed` with what changed, unless that is accepted; `not_found` of the file; `invalid` for a value that cannot be stored
 */
export async function trackedInput(given: unknown, facts: TrackedInputFacts): Promise<TrackedInput> {
  const { core, run, path, recorded, accepted } = facts
  const before = recorded?.input
  if (given === undefined) return { record: before }
  const file = typeof given === 'string' ? given : pathIn(given)
  const { record, appended }: LookedAtFile =
    file === undefined
      ? { record: valueRecord(given, path) }
      : await lookAtFile(jsonl(file), { files: core.files, baseDirectory: process.cwd(), before })
  const change = recorded && inputChange(before, record, appended)
  if (recorded === undefined || change === undefined) return { record }
  const { finished, state } = recorded
  const byKey = recorded.keys.size > 0
  if ((finished > 0 || state === 'completed') && needsAccepting(change) && !accepted) {
    const error = inputChangedError(change, { run, stage: path, finished, byKey })
    throw withRemedy(error, 'Accept it with acceptInput: true, put back the old input, or begin another run.')
  }
  // By index nothing says which of the old items are among the new ones, unless these come behind them; by key the finished ones stay finished.
  return byKey || change.kind === 'appended' ? { record } : { record, redo: `its input changed: ${change.text}` }
}

/** `{ path }` and nothing else; every other object is the caller's own fingerprint. */
function pathIn(given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null || !('path' in given) || Object.keys(given).length !== 1) return undefined
  return typeof given.path === 'string' ? given.path : undefined
}
