import type { KeyHistory, KeyHistoryOptions } from './diff-key-history.ts'
import type { StoreDiffOptions } from './diff-options.ts'
import type { DiffReport } from './diff-report.ts'
import type { MergeReport, StoreMergeOptions } from './merge-checkpoints.ts'

/** In what checkpoints and runs differ, and bringing two changes of one together. */
export interface CompareVerbs {
  /**
   * In what two things differ that addresses name: two checkpoints or stages (what they hold: values by path, tables by columns and rows, files by content), or two runs (code, parameters, input, counts, speed, and
   * stage by stage what was saved). With one address: against the newest finished run of the same pipeline before it, or the same stage of that. Secrets are masked.
   *
   * @throws WaymarkError `not_found` of an address or of a finished run, `conflict` if a prefix fits several, `invalid` if the two cannot be compared or are the same, `corrupt` naming the damaged checkpoint
   *
   * @example
   * const report = await store.diff('nightly-orders@last/report', '7kq2m4/report', { ignore: ['**.updatedAt'] })
   * if (report.kind === 'checkpoints' && report.content.form === 'value') console.log(report.content.differences)
   */
  diff(after: string): Promise<DiffReport>
  diff(before: string | undefined, after: string, options?: StoreDiffOptions): Promise<DiffReport>

  /**
   * Follows the value at one path through all checkpoints of a stage, or over all runs of a pipeline; only where it changed, unless `all` is set. Of each checkpoint only what holds the path is read.
   *
   * @throws WaymarkError `not_found`, `conflict`, `invalid` for a path or an address that cannot be followed
   *
   * @example
   * const { entries } = await store.keyHistory('7kq2m4/train', 'metrics.loss')
   * for (const { createdAt, value } of entries) console.log(new Date(createdAt), value)
   */
  keyHistory(address: string, path: string, options?: KeyHistoryOptions): Promise<KeyHistory>

  /**
   * Brings two checkpoints together that were made from a third (`base`): what only one changed is taken from it, what both changed differently is decided by the strategy, or refused. Saved where `saveAs` says
   * how.
   *
   * @throws WaymarkError `conflict` with what is undecided in `details.conflicts`, `not_found`, `corrupt`, `unsupported` for what is no value or rows, `invalid`
   *
   * @example
   * const base = await store.save({ value: { limit: 1, tags: ['a'] } })
   * const ours = await store.save({ value: { limit: 2, tags: ['a'] } })
   * const theirs = await store.save({ value: { limit: 3, tags: ['a', 'b'] } })
   * const { value } = await store.merge(base.id, ours.id, theirs.id, { take: { limit: 'ours' }, saveAs: { run: 'best' } })
   */
  merge(base: string, ours: string, theirs: string, options?: StoreMergeOptions): Promise<MergeReport>
}
