import type { ScopePath } from './scope.ts'

/** What an attempt is going to do, made before anything runs and kept with it. */
export interface Plan {
  readonly run: string
  readonly pipeline: string
  /** `new`: no unfinished run was found; `resume`: this one goes on. */
  readonly kind: 'new' | 'resume'
  readonly attempt: number
  /** Why it goes on or starts anew, in one sentence. */
  readonly reason: string
  readonly stages: readonly PlannedStage[]
  /** Things the user should know before it starts: bytes set aside, code that changed, another unfinished run. */
  readonly notices: readonly string[]
}

export interface PlannedStage {
  readonly path: ScopePath
  /** `reuse`: recorded, not called again. `continue`: some items recorded, the rest runs. `redo`: recorded, thrown away. `run`: nothing recorded. */
  readonly action: 'reuse' | 'continue' | 'redo' | 'run'
  readonly reason: string
  /** Recorded items, a promise: they are not called again. */
  readonly recorded?: number
  /** Items in all, where known. */
  readonly total?: number
  /** True where the stage is expected from the declaration or the last finished run, and not recorded in this one. */
  readonly expected?: true
}
