import type { CatalogSummary } from '../catalog/catalog.ts'
import type { CleanUpOptions, CleanUpReport } from './clean-up.ts'
import type { RepairJournal } from './repair-journal.ts'
import type { RepairOptions, RepairReport, UndoReport } from './repair-report.ts'
import type { StoreStats } from './store-stats.ts'
import type { VerifyOptions, VerifyReport } from './verify-report.ts'

/** The store as a whole: proving it, mending it, what it takes and what can go. */
export interface UpkeepVerbs {
  /**
   * Proves the store, changing nothing: also of a store that is only open to be read. Damage is in the report, not thrown.
   *
   * @throws WaymarkError `cancelled` by the signal, `unavailable` if the disk says no, `unsupported`
   */
  verify(options?: VerifyOptions): Promise<VerifyReport>

  /**
   * Mends what can be mended: blocks by parity, packs from their intact parts, the catalog from the log. What is lost gets the status `damaged`, is skipped by `store.latest`, and the stage it
   * belongs to is called again when its run goes on. Nothing is deleted: what it changes is set aside, and {@link undoRepair} puts it back. Safe to interrupt at any point, and to run again.
   *
   * @throws WaymarkError `disk_full`, `unavailable`, `conflict` if a file changed meanwhile
   */
  repair(options?: RepairOptions): Promise<RepairReport>

  /**
   * Puts back what a repair changed, by the id in its report.
   *
   * @throws WaymarkError `not_found`, `corrupt` if what was set aside is damaged
   */
  undoRepair(id: string): Promise<UndoReport>

  /** The repairs there were, oldest first. */
  repairs(): Promise<readonly RepairJournal[]>

  /**
   * Deletes checkpoints of runs that ended long ago: not those with pins, of the ten newest runs of a pipeline, or the newest good one of each stage. Their bytes stay until they are pruned.
   *
   * @throws WaymarkError `invalid`
   */
  cleanUp(options?: CleanUpOptions): Promise<CleanUpReport>

  /** What all checkpoints add up to, and what the store takes on the disk; with `orphans` also packs that no checkpoint needs, for which up to 5,000 manifests are read. */
  stats(options?: { readonly orphans?: boolean }): Promise<StoreStats>

  /** Counts over the whole store. */
  summary(): Promise<CatalogSummary>

  /** Damage and repairs noticed since the store was opened, in sentences. */
  notices(): readonly string[]
}
