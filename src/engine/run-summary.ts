import type { RunState, RunView } from '../model/run-view.ts'
import { type RunLiveness, runLiveness } from './ownership.ts'
import type { StoreCore } from './store-core.ts'

/** A run with what can be said of its owner. */
export interface RunSummary extends RunView {
  readonly liveness: RunLiveness
  /** Like `state`, but `crashed` where the owner of a run that never ended is dead. */
  readonly shownState: RunState | 'crashed'
}

export async function summarizeRun(core: StoreCore, view: RunView): Promise<RunSummary> {
  core.redaction.learnRun(view)
  const liveness = await runLiveness(core, view)
  // A supervisor that recorded why the process died knows no error of the pipeline's.
  const died = view.state === 'failed' && view.cause !== undefined && view.error === undefined
  const crashed = liveness === 'dead' || liveness === 'expired' || died
  return { ...view, liveness, shownState: crashed ? 'crashed' : view.state }
}
