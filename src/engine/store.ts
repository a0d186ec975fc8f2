import { resolve } from 'node:path'
import type { CatalogSummary, RunQuery } from '../catalog/catalog.ts'
import type { StoredFile } from '../format/file-table.ts'
import type { PlacedCheckpoint, SortOption } from '../model/checkpoint-sort.ts'
import { describe } from '../model/describe.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { EndCause, RunRecord } from '../model/records.ts'
import type { CheckpointView, StageView } from '../model/run-view.ts'
import type { Schema } from '../model/schema.ts'
import type { ColumnarTable } from '../tables/columnar.ts'
import { addressedCheckpoint, refuseRun } from './addressed-checkpoint.ts'
import {
  deleteCheckpoint,
  noCheckpoint,
  type PinOptions,
  pinCheckpoint,
  type UpdateOptions,
  unpinCheckpoint,
  updateCheckpoint,
} from './change-checkpoint.ts'
import { checkpointDetails } from './checkpoint-details.ts'
import type { CheckpointDetails, CheckpointInfo } from './checkpoint-info.ts'
import { type CleanUpOptions, type CleanUpReport, cleanUp } from './clean-up.ts'
import type { KeyHistory, KeyHistoryOptions } from './diff-key-history.ts'
import type { StoreDiffOptions } from './diff-options.ts'
import type { DiffReport } from './diff-report.ts'
import { explainDamage } from './explain-damage.ts'
import type { ExportOptions } from './export-checkpoint.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import { forkHistory, ownHistory } from './fork-history.ts'
import { type Lineage, lineageOf } from './fork-lineage.ts'
import { type ForkedRun, type ForkOptions, forkRun } from './fork-run.ts'
import type { ImportOptions } from './import-checkpoint.ts'
import { latestCheckpoint } from './latest-checkpoint.ts'
import { cursorAfter, type ListOptions, listCheckpoints } from './list-checkpoints.ts'
import type { LiveReport } from './live-progress.ts'
import { type Checkpoint, type LoadedCheckpoint, loadCheckpoint, withoutContent } from './load-checkpoint.ts'
import type { MergeReport, StoreMergeOptions } from './merge-checkpoints.ts'
import { type PatchOptions, patchCheckpoint } from './patch-checkpoint.ts'
import type { QueryResult } from './query-result.ts'
import type { QueryOptions } from './query-tables.ts'
import type { NamedTable } from './query-text.ts'
import { decodeRunRecord } from './record-codec.ts'
import { recordCrash } from './record-crash.ts'
import {
  type RecoveredProcess,
  type RegisteredProcess,
  type RegisterOptions,
  recoverProcess,
  registerProcess,
} from './registered-process.ts'
import { listJournals, type RepairJournal } from './repair-journal.ts'
import type { RepairOptions, RepairReport, UndoReport } from './repair-report.ts'
import { type Requeued, type RequeueOptions, requeueItems } from './requeue-items.ts'
import { type ResetReport, resetRun } from './reset-run.ts'
import { type Address, resolveAddress } from './resolve-address.ts'
import { restoreFiles } from './restore-files.ts'
import { type RunReport, reportRun } from './run-report.ts'
import { type RunSummary, summarizeRun } from './run-summary.ts'
import { type SaveOptions, saveCheckpoint } from './save-checkpoint.ts'
import { listSetAside, type SetAside, type SetAsideOptions } from './set-aside-items.ts'
import { type PauseOptions, type StopOptions, type StopReport, stopRun } from './stop-run.ts'
import type { StoreCore } from './store-core.ts'
import { type StoreStats, storeStats } from './store-stats.ts'
import { streamBytes, streamRows } from './stream-checkpoint.ts'
import { track } from './track.ts'
import type { TrackOptions } from './track-options.ts'
import type { Tracker } from './tracker.ts'
import type { VerifyOptions, VerifyReport } from './verify-report.ts'
import type { WholeFileOptions } from './write-whole-file.ts'

export interface StoreQueryOptions extends QueryOptions {
  /** The id of the checkpoint that an address means. Default: that of this id, else the newest of the run or stage. */
  readonly find?: (address: string) => Promise<string>
}

/** A record of a run's log, as `waymark events` shows it. */
export type LogEvent = RunRecord & { readonly token: number; readonly sequence: number }

/**
 * A store of checkpoints and runs. Opened with `open()`; closed by `close()` or `await using`.
 *
 * @example
 * const store = await open('/tmp/my-store')
 * const saved = await store.save({ value: { step: 3 }, tags: ['nightly'] })
 * const { value } = await store.load(saved.id)
 * await store.close()
 */
export class Store implements AsyncDisposable {
  readonly #core: StoreCore
  #closing: Promise<void> | undefined

  /** Use `open()`. */
  constructor(core: StoreCore) {
    this.#core = core
    cores.set(this, core)
  }

  /** Absolute path of the store's folder. */
  get path(): string {
    return this.#core.path
  }

  /**
   * Saves a value as a new checkpoint; durable (power cut included) when it resolves.
   *
   * @throws WaymarkError `invalid` with the path inside the value if something in it cannot be stored, `conflict` if the id was used before, `disk_full`, `unavailable`
   */
  async save(options: SaveOptions): Promise<Checkpoint> {
    return withoutContent(await saveCheckpoint(this.#core, options))
  }

  /**
   * Saves a new checkpoint that is the old one but for what is set and removed by path. Of a large one little is read and stored; the result is that of loading it, changing it and saving it.
   * The new one has the labels of the old one where no others are given; the old one stays as it is.
   *
   * @throws WaymarkError `not_found` of the checkpoint or a path, `invalid` with the path that cannot be changed, `corrupt`; and what {@link save} throws
   *
   * @example
   * const { id } = await store.save({ value: { metrics: { loss: 1 }, rows: ['a'], draft: 'x' } })
   * const next = await store.patch(id, { set: { 'metrics.loss': 0.4, 'rows[1]': 'b' }, remove: ['draft'] })
   */
  async patch(id: string, options: PatchOptions): Promise<Checkpoint> {
    return withoutContent(await patchCheckpoint(this.#core, id, options))
  }

  /**
   * Loads a checkpoint, or with `path` one part of its value, for which only what holds it is read; every byte read is checked against its digest. A checkpoint of rows loads as an array, one
   * of bytes as a Uint8Array: for large ones see {@link loadRows} and {@link loadBytes}.
   *
   * @throws WaymarkError `not_found` (also of the path), `corrupt` naming the newest intact checkpoint of the same stage, `invalid` if it does not match the schema
   */
  load(id: string, options?: { readonly path?: string }): Promise<LoadedCheckpoint>
  load<Value>(
    id: string,
    options: { readonly path?: string; readonly schema: Schema<unknown, Value> },
  ): Promise<LoadedCheckpoint<Value>>
  async load(id: string, options: { readonly path?: string; readonly schema?: Schema } = {}): Promise<LoadedCheckpoint> {
    return loadCheckpoint(this.#core, await this.#view(id), options)
  }

  /**
   * The bytes of a checkpoint in pieces, in order, each checked: a stream that was saved as `bytes`, or the encoded value of any other.
   *
   * @throws WaymarkError `not_found`, `corrupt` when the damaged piece is reached: what came before it is right
   */
  async *loadBytes(id: string): AsyncIterableIterator<Uint8Array> {
    const view = await this.#view(id)
    try {
      yield* streamBytes(this.#core, view)
    } catch (error) {
      await explainDamage(this.#core, error, view)
    }
  }

  /**
   * The rows of a checkpoint that was saved as `rows`, one by one.
   *
   * @throws WaymarkError `not_found`, `invalid` if it holds no rows, `corrupt` when the damaged row is reached: those before it are right
   */
  async *loadRows(id: string): AsyncIterableIterator<unknown> {
    const view = await this.#view(id)
    try {
      yield* streamRows(this.#core, view)
    } catch (error) {
      await explainDamage(this.#core, error, view)
    }
  }

  /**
   * Writes the files of a checkpoint that was saved as `files` into a folder. A file that is there already is not touched.
   *
   * @throws WaymarkError `not_found`, `conflict` if a file is there already, `corrupt`, `invalid` if it holds no files, `disk_full`
   */
  async restoreFiles(id: string, to: string): Promise<readonly StoredFile[]> {
    const view = await this.#view(id)
    return restoreFiles(this.#core, view, to).catch(error => explainDamage(this.#core, error, view))
  }

  /** The newest checkpoint that is not marked as damaged, of a run or of a stage of it; undefined if there is none. Where it has passed over a damaged one, {@link notices} says so. */
  async latest(query: { readonly run?: string; readonly stage?: string } = {}): Promise<Checkpoint | undefined> {
    return latestCheckpoint(this.#core, query)
  }

  /**
   * Checkpoints, newest first unless sorted otherwise, a page at a time.
   *
   * @throws WaymarkError `invalid` for a field or operator there is not, with what was probably meant
   *
   * @example
   * const best = await store.list({ where: { 'metadata.loss': { lt: 0.1 } }, sort: { by: 'metadata.loss', direction: 'asc' } })
   */
  async list(options: ListOptions = {}): Promise<readonly CheckpointInfo[]> {
    return listCheckpoints(this.#core, options)
  }

  /** The place of a checkpoint in a list as an opaque text, for `list({ after })` in another process. */
  cursor(last: PlacedCheckpoint, sort?: SortOption): string {
    return cursorAfter(last, sort)
  }

  /**
   * Everything known of a checkpoint but its value, with the keys at the top of it. Of a damaged one `damage` tells what is wrong with it, as far as that was looked at ({@link verify} proves it), and `lastGood` what to load instead.
   *
   * @throws WaymarkError `not_found`
   */
  async info(id: string): Promise<CheckpointDetails> {
    return checkpointDetails(this.#core, id)
  }

  /**
   * Says something else of a checkpoint than when it was saved; the value stays. Of two updates of one field the later one counts.
   *
   * @throws WaymarkError `not_found`, `invalid`
   */
  async update(id: string, options: UpdateOptions): Promise<CheckpointInfo> {
    return updateCheckpoint(this.#core, id, options)
  }

  /**
   * Holds a checkpoint: it is not deleted while it has a pin. Pins of different names hold it each on their own.
   *
   * @throws WaymarkError `not_found`
   */
  async pin(id: string, options: PinOptions = {}): Promise<CheckpointInfo> {
    return pinCheckpoint(this.#core, id, options)
  }

  /** @throws WaymarkError `not_found` if there is no such checkpoint, or no such pin */
  async unpin(id: string, options: Pick<PinOptions, 'name'> = {}): Promise<CheckpointInfo> {
    return unpinCheckpoint(this.#core, id, options)
  }

  /** What all checkpoints add up to, and what the store takes on the disk; with `orphans` also packs that no checkpoint needs, for which up to 5,000 manifests are read. */
  async stats(options: { readonly orphans?: boolean } = {}): Promise<StoreStats> {
    return storeStats(this.#core, options)
  }

  /**
   * A checkpoint as the bytes of a file: `wmk`, which {@link importFrom} reads, loses nothing.
   *
   * @param address its id; or `RUN/STAGE`, `RUN/STAGE[KEY]`, `PIPELINE@last/STAGE`: the newest checkpoint of that stage
   * @throws WaymarkError `not_found`, `corrupt` when the damaged piece is reached, `invalid` if a run is named, if it has no such form or JSON cannot hold it
   */
  async *export(address: string, options: ExportOptions = {}): AsyncIterableIterator<Uint8Array> {
    const view = await this.#exported(address)
    try {
      const { exportCheckpoint } = await import('./export-checkpoint.ts')
      yield* exportCheckpoint(this.#core, view, options)
    } catch (error) {
      await explainDamage(this.#core, error, view)
    }
  }

  /**
   * Writes a checkpoint into a file, which appears whole and durable or not at all; resolves to its length in bytes.
   *
   * @throws WaymarkError as {@link export}, `conflict` if the file exists and `replace` is not set, `cancelled` by the signal, `disk_full`, `unavailable`
   */
  async exportTo(path: string, address: string, options: ExportOptions & WholeFileOptions = {}): Promise<number> {
    const view = await this.#exported(address)
    const { exportToFile } = await import('./export-checkpoint.ts')
    return exportToFile(this.#core, view, resolve(path), options).catch(error => explainDamage(this.#core, error, view))
  }

  /**
   * Saves what a file or folder holds as a new checkpoint. An exported one is proven to the last byte before it is saved, and keeps what was said of it but its id, its pins and its status.
   *
   * @throws WaymarkError `not_found`, `invalid`, `corrupt`, `unsupported`: nothing was saved; and what {@link save} throws
   */
  async importFrom(path: string, options: ImportOptions = {}): Promise<Checkpoint> {
    const { importCheckpoint } = await import('./import-checkpoint.ts')
    return withoutContent(await importCheckpoint(this.#core, path, options))
  }

  /**
   * Asks tables in checkpoints a question in SQL, by DuckDB (`npm install @duckdb/node-api`): `checkpoint('ADDRESS')` stands for the table that a checkpoint is or holds, `checkpoint('ADDRESS', 'PATH')` for one of
   * several inside it; an address of a run or stage means its newest checkpoint. Tables are copied into memory; the store is not changed, and the query reaches nothing else.
   *
   * @throws WaymarkError `invalid` with what DuckDB says of the query or if a checkpoint holds no table, `not_found`, `corrupt`, `unsupported`
   *
   * @example
   * const result = await store.query("select ticker, avg(price) from checkpoint('nightly@last/prices') group by 1")
   * console.table(result.objects())
   */
  async query(sql: string, options: StoreQueryOptions = {}): Promise<QueryResult> {
    const { find = (address: string) => this.#addressed(address), ...rest } = options
    const { queryTables } = await import('./query-tables.ts')
    const { tableInCheckpoint } = await import('./table-in-checkpoint.ts')
    const tableOf = async ({ address, path }: NamedTable): Promise<ColumnarTable> => {
      const view = await this.#view(await find(address))
      return tableInCheckpoint(this.#core, view, path).catch(error => explainDamage(this.#core, error, view))
    }
    return queryTables(sql, tableOf, rest)
  }

  /** The checkpoint of this id, else the newest of the run or stage. */
  async #addressed(address: string): Promise<string> {
    if ((await findCheckpoint(this.#core, address)) !== undefined) return address
    return addressedCheckpoint(this, address)
  }

  /** The checkpoint of this id, else the newest of the stage. @throws WaymarkError `invalid` for a run */
  async #exported(address: string): Promise<CheckpointView> {
    const view = await findCheckpoint(this.#core, address)
    if (view !== undefined) return view
    await refuseRun(this, address)
    return this.#view(/[/@]/.test(address) ? await addressedCheckpoint(this, address) : address)
  }

  /**
   * Deletes a checkpoint: it can no longer be listed or loaded, and its id is never used again. Others are not touched.
   *
   * @throws WaymarkError `not_found`, `conflict` naming its pins if it is pinned
   */
  async delete(id: string): Promise<void> {
    await deleteCheckpoint(this.#core, id)
  }

  /**
   * Proves the store, changing nothing: also of a store that is only open to be read. Damage is in the report, not thrown.
   *
   * @throws WaymarkError `cancelled` by the signal, `unavailable` if the disk says no, `unsupported`
   */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    const { verifyStore } = await import('./verify-store.ts')
    return verifyStore(this.#core, options)
  }

  /**
   * Mends what can be mended: blocks by parity, packs from their intact parts, the catalog from the log. What is lost gets the status `damaged`, is skipped by {@link latest}, and the stage it
   * belongs to is called again when its run goes on. Nothing is deleted: what it changes is set aside, and {@link undoRepair} puts it back. Safe to interrupt at any point, and to run again.
   *
   * @throws WaymarkError `disk_full`, `unavailable`, `conflict` if a file changed meanwhile
   */
  async repair(options: RepairOptions = {}): Promise<RepairReport> {
    const { repairStore } = await import('./repair-store.ts')
    return repairStore(this.#core, options)
  }

  /**
   * Puts back what a repair changed, by the id in its report.
   *
   * @throws WaymarkError `not_found`, `corrupt` if what was set aside is damaged
   */
  async undoRepair(id: string): Promise<UndoReport> {
    const { undoRepair } = await import('./repair-undo.ts')
    return undoRepair(this.#core, id)
  }

  /** The repairs there were, oldest first. */
  async repairs(): Promise<readonly RepairJournal[]> {
    return listJournals(this.#core.files, this.#core.path)
  }

  /** Runs, newest first. */
  async runs(query: RunQuery = {}): Promise<readonly RunSummary[]> {
    await this.#core.feed.refresh()
    const views = await this.#core.feed.query(catalog => catalog.runs(query))
    return Promise.all(views.map(view => summarizeRun(this.#core, view)))
  }

  /** @throws WaymarkError `not_found` */
  async run(id: string): Promise<RunSummary> {
    return (await this.resolve(id)).run
  }

  /** Stages of a run in the order of their first call. */
  async stages(run: string): Promise<readonly StageView[]> {
    await this.#core.feed.refresh()
    return this.#core.feed.query(catalog => catalog.stages(run))
  }

  /**
   * What an address names: `RUN[/STAGE[/KEY]]`, `PIPELINE@last[/STAGE]`, `@last`, `@failed`, or a unique prefix of a run's id.
   *
   * @throws WaymarkError `not_found` with what is near, `conflict` if a prefix fits several runs
   */
  async resolve(address: string): Promise<Address & { readonly run: RunSummary }> {
    await this.#core.feed.refresh()
    const found = await resolveAddress(address, query => this.#core.feed.query(catalog => catalog.runs(query)))
    return { ...found, run: await summarizeRun(this.#core, found.run) }
  }

  /**
   * Items of a run or stage that were put away with their errors, grouped by what they failed with, and a page of them with what they were called with.
   *
   * @throws WaymarkError `not_found` of the address or group
   *
   * @example
   * const { total, groups } = await store.setAside('nightly-orders@last/enrich')
   * for (const { group, count, error } of groups) console.log(`${count} of ${total}: ${error.message} (${group})`)
   */
  async setAside(address: string, options: SetAsideOptions = {}): Promise<SetAside> {
    return listSetAside(this.#core, await this.resolve(address), options)
  }

  /**
   * Marks items that were put away, so that the next attempt at the run calls them again, also if it is finished; of a stage that is finished it calls nothing else. Calls nothing itself.
   *
   * @throws WaymarkError `not_found` of the address, a key or the group, `lease_held` if a living process owns the run, `invalid`
   */
  async requeue(address: string, options: RequeueOptions): Promise<Requeued> {
    return requeueItems(this.#core, await this.resolve(address), options)
  }

  /**
   * Throws away what is recorded of a run, which becomes cancelled and whose checkpoints are deleted (but those with pins), or of one stage, which the next attempt calls again.
   *
   * @throws WaymarkError `not_found`, `lease_held` if a living process owns the run
   */
  async reset(address: string, options: { readonly plan?: boolean } = {}): Promise<ResetReport> {
    return resetRun(this.#core, await this.resolve(address), options)
  }

  /**
   * Makes a new run that has everything recorded that another one had recorded up to a place: the end of a run, of a stage (or as far as that is), a checkpoint, or the beginning of a stage. Nothing is copied,
   * and the other run stays as it is. The new one goes on when it is named: `waymark resume`, or `pipeline.run` with `runId`.
   *
   * @throws WaymarkError `not_found` of the place or of a checkpoint that was deleted, `conflict` if the id is in use, `corrupt` if a checkpoint it needs is damaged, `invalid`
   *
   * @example
   * const { run } = await store.fork('nightly-orders@last', { before: 'report', params: { limit: '20' } })
   */
  async fork(address: string, options: ForkOptions = {}): Promise<ForkedRun> {
    return forkRun(this.#core, address, options)
  }

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
  async merge(base: string, ours: string, theirs: string, options: StoreMergeOptions = {}): Promise<MergeReport> {
    const { mergeCheckpoints } = await import('./merge-checkpoints.ts')
    return mergeCheckpoints(this.#core, { base, ours, theirs }, options)
  }

  /**
   * The runs that a run was forked from, one from the other, and those forked from any of them.
   *
   * @throws WaymarkError `not_found`
   */
  async lineage(run: string): Promise<Lineage> {
    return lineageOf(this.#core, (await this.resolve(run)).run)
  }

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
  async diff(first: string | undefined, second?: string, options: StoreDiffOptions = {}): Promise<DiffReport> {
    const explain = (error: unknown, view: CheckpointView): Promise<never> => explainDamage(this.#core, error, view)
    const { diffAddresses } = await import('./diff-addresses.ts')
    if (second === undefined) return diffAddresses(this.#core, undefined, first ?? '', explain, options)
    return diffAddresses(this.#core, first, second, explain, options)
  }

  /**
   * Follows the value at one path through all checkpoints of a stage, or over all runs of a pipeline; only where it changed, unless `all` is set. Of each checkpoint only what holds the path is read.
   *
   * @throws WaymarkError `not_found`, `conflict`, `invalid` for a path or an address that cannot be followed
   *
   * @example
   * const { entries } = await store.keyHistory('7kq2m4/train', 'metrics.loss')
   * for (const { createdAt, value } of entries) console.log(new Date(createdAt), value)
   */
  async keyHistory(address: string, path: string, options: KeyHistoryOptions = {}): Promise<KeyHistory> {
    const { keyHistory } = await import('./diff-key-history.ts')
    return keyHistory(this.#core, address, path, options)
  }

  /**
   * Deletes checkpoints of runs that ended long ago: not those with pins, of the ten newest runs of a pipeline, or the newest good one of each stage. Their bytes stay until they are pruned.
   *
   * @throws WaymarkError `invalid`
   */
  async cleanUp(options: CleanUpOptions = {}): Promise<CleanUpReport> {
    return cleanUp(this.#core, options)
  }

  /**
   * A run over all its stages: how far it is, what failed, what was reused, and the counts that show that nothing was lost or done twice.
   *
   * @throws WaymarkError `not_found`, `corrupt`
   */
  async report(run: string): Promise<RunReport> {
    return reportRun(this.#core, (await this.resolve(run)).run)
  }

  /**
   * Stops a run on purpose, whichever process works on it: items in flight are finished and recorded (`now`: aborted), nothing more is begun. It goes on when it is told to: `waymark resume`, or
   * `pipeline.run` with `resumePaused`. Called inside the run itself it would wait for its caller: pass `wait: false` there.
   *
   * @throws WaymarkError `not_found`, `lease_held` if the process that works on it does not stop in time, `cancelled` by the signal, `invalid`
   */
  async pause(address: string, options: PauseOptions = {}): Promise<StopReport> {
    const { run } = await this.resolve(address)
    return stopRun(this.#core, run.id, options.now === true ? 'pause-now' : 'pause', options)
  }

  /**
   * Gives a run up, whichever process works on it: items in flight are aborted. What it recorded stays; the run does not come back.
   *
   * @throws WaymarkError as {@link pause}
   */
  async cancel(address: string, options: StopOptions = {}): Promise<StopReport> {
    const { run } = await this.resolve(address)
    return stopRun(this.#core, run.id, 'cancel', options)
  }

  /**
   * What the process that works on a run says how far it is, what is not recorded yet included: called again and again, it is at most a second old. Undefined while that process has not answered, or there is
   * none.
   */
  async live(run: string): Promise<LiveReport | undefined> {
    const { id, attempt, owner } = await this.run(run)
    return owner === undefined ? undefined : this.#core.requests.live.ask(`${id}.${attempt}`)
  }

  /** Every record of a run that counts, oldest first; of a fork its own, and with `inherited` before them those it was forked with. */
  async *events(run: string, { inherited = false }: { readonly inherited?: boolean } = {}): AsyncIterableIterator<LogEvent> {
    const { id } = await this.run(run)
    const own = await ownHistory(this.#core, id)
    for (const record of inherited ? await forkHistory(this.#core, own) : own) {
      yield { ...decodeRunRecord(record.payload), token: record.token, sequence: record.sequence }
    }
  }

  /**
   * Keeps the progress of a loop of your own: begins it, or goes on where an earlier attempt stopped. With a function the loop ends when that returns (completed), throws (failed) or was told to stop
   * (paused); without one, `await using t = await store.track(…)` and `await t.complete()`.
   *
   * @throws WaymarkError `invalid`, `lease_held` if another process is at the run, `conflict` if this one is at the loop or the id is that of other work, `input_changed`, `stale`, `paused`; with a
   * function also its own error, and `cancelled` after a stop
   *
   * @example
   * const rows = ['a', 'b', 'c']
   * await store.track({ run: 'import-2026-11', stage: 'rows', total: rows.length }, async t => {
   *   for (const [i, row] of rows.entries()) {
   *     if (t.signal.aborted) return
   *     if (t.shouldSkip(i)) continue
   *     await fetch(`https://example.com/${row}`)
   *     t.done(i)
   *   }
   * })
   */
  track(options: TrackOptions): Promise<Tracker>
  track<Value>(options: TrackOptions, fn: (tracker: Tracker) => Value | PromiseLike<Value>): Promise<Value>
  track(options: TrackOptions, fn?: (tracker: Tracker) => unknown): Promise<unknown> {
    return track(this.#core, options, fn)
  }

  /**
   * Registers a process of so many steps, and gives a handle to tell how far it is. The same as {@link track} under other verbs.
   *
   * @throws WaymarkError `conflict` if a process of this id is registered: {@link recover} goes on with it; `invalid`
   */
  register(options: RegisterOptions): Promise<RegisteredProcess> {
    return registerProcess(this.#core, options)
  }

  /**
   * What is recorded of a registered process, without touching it; `resume()` goes on with it.
   *
   * @throws WaymarkError `not_found`
   *
   * @example
   * const { state, completedSteps } = await store.recover('import-7')
   */
  async recover(id: string): Promise<RecoveredProcess> {
    return recoverProcess(this.#core, await this.run(id))
  }

  /** Counts over the whole store. */
  async summary(): Promise<CatalogSummary> {
    await this.#core.feed.refresh()
    return this.#core.feed.query(catalog => catalog.summary())
  }

  /** Damage and repairs noticed since the store was opened, in sentences. */
  notices(): readonly string[] {
    return this.#core.feed.notices()
  }

  /**
   * Records why a run's process ended, where that process could not: for the supervisor of a process that is dead.
   *
   * @param finished How many items of each pass, by path, the process had told of as finished.
   */
  recordCrash(run: string, cause: EndCause, finished?: ReadonlyMap<string, number>): Promise<void> {
    return recordCrash(this.#core, run, cause, finished)
  }

  /** Waits for what is being saved, then closes. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    // What was acknowledged needs no more. Without its close mark a segment is read like that of a killed process; to reject would hide how the work ended.
    await this.#core.log.close().catch(ignoreDisk)
    await this.#core.feed.close().catch(ignoreDisk)
    await this.#core.chunks.close().catch(ignoreDisk)
  }

  async #view(id: string): Promise<CheckpointView> {
    const view = await findCheckpoint(this.#core, id)
    if (view === undefined) throw noCheckpoint(id)
    return view
  }
}

function ignoreDisk(error: unknown): void {
  if (!isWaymarkError(error) || error.code === 'internal') throw error
}

const cores = new WeakMap<Store, StoreCore>()

/** The parts of a store, for the verbs of the engine. */
export function coreOf(store: Store): StoreCore {
  const core = cores.get(store)
  if (core === undefined) {
    throw new WaymarkError('invalid', {
      message: `the store is ${describe(store)}, not one that open() made`,
      means: 'Nothing was run or changed.',
      remedy: 'const store = await open()',
    })
  }
  return core
}
