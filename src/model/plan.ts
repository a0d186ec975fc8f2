import type { CodeChange } from './code-change.ts'
import type { Recovery } from './recovery-type.ts'
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
  /** What kind of beginning this is. */
  readonly recovery?: Recovery
  readonly stages: readonly PlannedStage[]
  /** Items of all passes whose total is known: `reuse + redo + run = total`. Absent where none is. */
  readonly items?: PlannedItems
  /** Work of earlier attempts that is not done again, in milliseconds, as far as its records say how long it took. */
  readonly keptMs?: number
  /** What changed in the code since the attempt before. Shown, never decisive. */
  readonly code?: readonly CodeChange[]
  /** Things the user should know before it starts: bytes set aside, code that changed, another unfinished run. */
  readonly notices: readonly string[]
}

/** Items of an attempt by what is going to happen to them. */
export interface PlannedItems {
  readonly total: number
  /** Recorded: not called again. */
  readonly reuse: number
  /** Recorded, thrown away, called again. */
  readonly redo: number
  /** Not recorded. */
  readonly run: number
}

export interface PlannedStage {
  readonly path: ScopePath
  /**
   * `reuse`: recorded, not called again. `continue`: some items recorded, the rest runs. `redo`: recorded, thrown away. `run`: nothing recorded. `later`: not called in this attempt,
   * because other stages were asked for.
   */
  readonly action: 'reuse' | 'continue' | 'redo' | 'run' | 'later'
  readonly reason: string
  /** Recorded items that are kept, a promise: they are not called again. */
  readonly recorded?: number
  /** Recorded items that are thrown away and called again. */
  readonly redo?: number
  /** Items that are not recorded, where the total is known. */
  readonly run?: number
  /** About how many of the items that are called had been finished and not saved when the process died, where that is known. */
  readonly again?: number
  /** Items in all, where known: `recorded + redo + run`. */
  readonly total?: number
  /** True where the user asked for the redo: it is done once, whatever comes out. */
  readonly asked?: true
  /** True where the stage is expected from the declaration or the last finished run, and not recorded in this one. */
  readonly expected?: true
}
