import type { RunState } from '../model/run-view.ts'
import type { DamagedCheckpoint, VerifyProblem, VerifyProgress } from './verify-report.ts'

/** Something that a repair does, or would do. */
export interface RepairAction {
  readonly kind: 'pack' | 'parity' | 'claim' | 'checkpoint' | 'segment' | 'run' | 'catalog' | 'chunk-index'
  /** Of the file without its ending, or the id of the checkpoint. */
  readonly name: string
  readonly does: 'heal' | 'rename' | 'mend' | 'set aside' | 'rewrite' | 'mark' | 'unmark' | 'note' | 'fall back' | 'rebuild'
  readonly reason: string
}

/** Work that has to be done again because its result is lost. */
export interface RepairCost {
  readonly run: string
  readonly stage: string
  readonly runState?: RunState
  /** Items that are called again; absent where the stage is one call. */
  readonly items?: number
  /** True: the records of the run itself are lost, so it cannot go on and is begun anew. */
  readonly lostRun?: true
}

/** What {@link Store.repair} did, or would do. */
export interface RepairReport {
  /** Name of the repair, to undo it. Absent where nothing was done. */
  readonly id?: string
  /** True: nothing was done. */
  readonly planned: boolean
  readonly actions: readonly RepairAction[]
  /** Checkpoints that cannot be loaded afterwards either. */
  readonly damaged: readonly DamagedCheckpoint[]
  readonly costs: readonly RepairCost[]
  /** Damage that nothing can be done about. */
  readonly left: readonly VerifyProblem[]
}

export interface RepairOptions {
  /** True: only says what it would do. Default false. */
  readonly plan?: boolean
  /** Told while everything is read to find out what is damaged. */
  readonly onProgress?: (progress: VerifyProgress) => void
  readonly signal?: AbortSignal
}

/** What {@link Store.undoRepair} did. */
export interface UndoReport {
  readonly id: string
  /** Files that were put back, as paths in the store. */
  readonly files: readonly string[]
  /** Checkpoints that have their status of before. */
  readonly checkpoints: readonly string[]
  /** Runs that had fallen back to an earlier record, and are as they were. */
  readonly runs: readonly string[]
  /** Runs that had, and stay so, with the reason. */
  readonly keptRuns: readonly { readonly run: string; readonly reason: string }[]
  /** True: it was undone before, and nothing was changed now. */
  readonly already?: true
}
