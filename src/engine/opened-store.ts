import { resolve } from 'node:path'
import type { CatalogSummary, RunQuery } from '../catalog/catalog.ts'
import type { StoredFile } from '../format/file-table.ts'
import type { PlacedCheckpoint, SortOption } from '../model/checkpoint-sort.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { PipelineEvent } from '../model/pipeline-event.ts'
import type { StreamEntry, StreamSummary } from '../model/record-stream.ts'
import type { EndCause } from '../model/records.ts'
import type { CheckpointView, StageView } from '../model/run-view.ts'
import type { Schema } from '../model/schema.ts'
import type { StoreEventName } from '../model/store-events.ts'
import type { MasterKey } from '../seal/master-key.ts'
import {
  deleteCheckpoint,
  type PinOptions,
  pinCheckpoint,
  type UpdateOptions,
  unpinCheckpoint,
  updateCheckpoint,
} from './change-checkpoint.ts'
import type { RotateOptions } from './change-keys.ts'
import type { KeysCheck } from './check-keys.ts'
import type { CheckpointDetails, CheckpointInfo } from './checkpoint-info.ts'
import type { CleanUpOptions, CleanUpReport } from './clean-up.ts'
import type { KeyHistory, KeyHistoryOptions } from './diff-key-history.ts'
import type { StoreDiffOptions } from './diff-options.ts'
import type { DiffReport } from './diff-report.ts'
import type { EventFeed } from './event-feed.ts'
import type { EventSummary } from './event-summary.ts'
import { explainDamage, explainDamageIn } from './explain-damage.ts'
import type { ExportOptions } from './export-checkpoint.ts'
import type { ExportedKeys } from './export-keys.ts'
import type { ExportedRecords, ExportRecordsOptions } from './export-record-stream.ts'
import { exportedCheckpoint } from './exported-checkpoint.ts'
import type { Lineage } from './fork-lineage.ts'
import type { ForkedRun, ForkOptions } from './fork-run.ts'
import type { ImportOptions } from './import-checkpoint.ts'
import type { KeysReport, NewKeyOptions } from './keys-report.ts'
import { knownCheckpoint } from './known-checkpoint.ts'
import { latestCheckpoint } from './latest-checkpoint.ts'
import { learnRunOf } from './learn-run.ts'
import { cursorAfter, type ListOptions, listCheckpoints } from './list-checkpoints.ts'
import type { LiveReport } from './live-progress.ts'
import { type Checkpoint, type LoadedCheckpoint, loadCheckpoint, withoutContent } from './load-checkpoint.ts'
import { loadPlainRows, streamedTable } from './load-table-stream.ts'
import { type LogEvent, logEvents } from './log-events.ts'
import type { MergeReport, StoreMergeOptions } from './merge-checkpoints.ts'
import { type PatchOptions, patchCheckpoint } from './patch-checkpoint.ts'
import type { StoreQueryOptions } from './query-checkpoints.ts'
import type { EachEventOptions, EventPage, EventQuery } from './query-events.ts'
import type { StreamFilter, StreamPage, StreamQuery } from './query-record-streams.ts'
import type { QueryResult } from './query-result.ts'
import type { RecoveredProcess, RegisteredProcess, RegisterOptions } from './registered-process.ts'
import type { RekeyOptions, RekeyReport } from './rekey-report.ts'
import { listJournals, type RepairJournal } from './repair-journal.ts'
import type { RepairOptions, RepairReport, UndoReport } from './repair-report.ts'
import type { Requeued, RequeueOptions } from './requeue-items.ts'
import type { ResetReport } from './reset-run.ts'
import { type Address, resolveAddress } from './resolve-address.ts'
import type { RunReport } from './run-report.ts'
import { type RunSummary, summarizeRun } from './run-summary.ts'
import { type SaveOptions, saveCheckpoint } from './save-checkpoint.ts'
import type { SetAside, SetAsideOptions } from './set-aside-items.ts'
import type { PauseOptions, StopOptions, StopReport } from './stop-run.ts'
import { keepCore, keepEventFeed, type Store } from './store.ts'
import { storeClosed } from './store-closed.ts'
import type { StoreCore } from './store-core.ts'
import type { ListenOptions, StoreListener } from './store-listeners.ts'
import type { StoreStats } from './store-stats.ts'
import { tellLoaded } from './tell-loaded.ts'
import type { TrackOptions } from './track-options.ts'
import type { Tracker } from './tracker.ts'
import type { VerifyOptions, VerifyReport } from './verify-report.ts'
import type { WholeFileOptions } from './write-whole-file.ts'

/** The verbs of a store, each of which hands over to the file that does it. */
export class OpenedStore implements Store {
  readonly #core: StoreCore
  #eventFeed: Promise<EventFeed> | undefined
  #closing: Promise<void> | undefined

  constructor(core: StoreCore) {
    this.#core = core
    keepCore(this, core)
    keepEventFeed(this, () => this.#events())
  }

  get path(): string {
    return this.#core.path
  }

  async save(options: SaveOptions): Promise<Checkpoint> {
    return withoutContent(await saveCheckpoint(this.#core, options))
  }

  async patch(id: string, options: PatchOptions): Promise<Checkpoint> {
    return withoutContent(await patchCheckpoint(this.#core, id, options))
  }

  load(id: string, options?: { readonly path?: string }): Promise<LoadedCheckpoint>
  load<Value>(
    id: string,
    options: { readonly path?: string; readonly schema: Schema<unknown, Value> },
  ): Promise<LoadedCheckpoint<Value>>
  async load(id: string, options: { readonly path?: string; readonly schema?: Schema } = {}): Promise<LoadedCheckpoint> {
    return loadCheckpoint(this.#core, await knownCheckpoint(this.#core, id), options)
  }

  async *loadBytes(id: string): AsyncIterableIterator<Uint8Array> {
    const { streamBytes } = await import('./stream-checkpoint.ts')
    const view = await knownCheckpoint(this.#core, id)
    yield* explainDamageIn(this.#core, streamBytes(this.#core, view), view)
    tellLoaded(this.#core, view)
  }

  async *loadRows(id: string): AsyncIterableIterator<unknown> {
    const { streamRows } = await import('./stream-checkpoint.ts')
    const view = await knownCheckpoint(this.#core, id)
    const table = streamedTable(view)
    const rows = table === undefined ? streamRows(this.#core, view) : loadPlainRows(this.#core, view, table)
    yield* explainDamageIn(this.#core, rows, view)
    tellLoaded(this.#core, view)
  }

  async restoreFiles(id: string, to: string): Promise<readonly StoredFile[]> {
    const view = await knownCheckpoint(this.#core, id)
    const { restoreFiles } = await import('./restore-files.ts')
    const files = await restoreFiles(this.#core, view, to).catch(error => explainDamage(this.#core, error, view))
    tellLoaded(this.#core, view)
    return files
  }

  async latest(query: { readonly run?: string; readonly stage?: string } = {}): Promise<Checkpoint | undefined> {
    return latestCheckpoint(this.#core, query)
  }

  async list(options: ListOptions = {}): Promise<readonly CheckpointInfo[]> {
    return listCheckpoints(this.#core, options)
  }

  cursor(last: PlacedCheckpoint, sort?: SortOption): string {
    return cursorAfter(last, sort)
  }

  /** Before a checkpoint is shown, what its run says is not to be. */
  async #learned<Told extends CheckpointInfo>(told: Told): Promise<Told> {
    await learnRunOf(this.#core, told.run)
    return told
  }

  async info(id: string): Promise<CheckpointDetails> {
    const { checkpointDetails } = await import('./checkpoint-details.ts')
    return this.#learned(await checkpointDetails(this.#core, id))
  }

  async update(id: string, options: UpdateOptions): Promise<CheckpointInfo> {
    return updateCheckpoint(this.#core, id, options)
  }

  async pin(id: string, options: PinOptions = {}): Promise<CheckpointInfo> {
    return this.#learned(await pinCheckpoint(this.#core, id, options))
  }

  async unpin(id: string, options: Pick<PinOptions, 'name'> = {}): Promise<CheckpointInfo> {
    return this.#learned(await unpinCheckpoint(this.#core, id, options))
  }

  async delete(id: string): Promise<void> {
    await deleteCheckpoint(this.#core, id)
  }

  async *export(address: string, options: ExportOptions = {}): AsyncIterableIterator<Uint8Array> {
    const view = await exportedCheckpoint(this.#core, this, address)
    const { exportCheckpoint } = await import('./export-checkpoint.ts')
    yield* explainDamageIn(this.#core, exportCheckpoint(this.#core, view, options), view)
  }

  async exportTo(path: string, address: string, options: ExportOptions & WholeFileOptions = {}): Promise<number> {
    const view = await exportedCheckpoint(this.#core, this, address)
    const { exportToFile } = await import('./export-checkpoint.ts')
    return exportToFile(this.#core, view, resolve(path), options).catch(error => explainDamage(this.#core, error, view))
  }

  async importFrom(path: string, options: ImportOptions = {}): Promise<Checkpoint> {
    const { importCheckpoint } = await import('./import-checkpoint.ts')
    return withoutContent(await importCheckpoint(this.#core, path, options))
  }

  async query(sql: string, options: StoreQueryOptions = {}): Promise<QueryResult> {
    const { queryCheckpoints } = await import('./query-checkpoints.ts')
    return queryCheckpoints(this.#core, this, sql, options)
  }

  diff(after: string): Promise<DiffReport>
  diff(before: string | undefined, after: string, options?: StoreDiffOptions): Promise<DiffReport>
  async diff(first: string | undefined, second?: string, options: StoreDiffOptions = {}): Promise<DiffReport> {
    const explain = (error: unknown, view: CheckpointView): Promise<never> => explainDamage(this.#core, error, view)
    const { diffAddresses } = await import('./diff-addresses.ts')
    if (second === undefined) return diffAddresses(this.#core, undefined, first ?? '', explain, options)
    return diffAddresses(this.#core, first, second, explain, options)
  }

  async keyHistory(address: string, path: string, options: KeyHistoryOptions = {}): Promise<KeyHistory> {
    const { keyHistory } = await import('./diff-key-history.ts')
    return keyHistory(this.#core, address, path, options)
  }

  async merge(base: string, ours: string, theirs: string, options: StoreMergeOptions = {}): Promise<MergeReport> {
    const { mergeCheckpoints } = await import('./merge-checkpoints.ts')
    return mergeCheckpoints(this.#core, { base, ours, theirs }, options)
  }

  async runs(query: RunQuery = {}): Promise<readonly RunSummary[]> {
    await this.#core.feed.refresh()
    const views = await this.#core.feed.query(catalog => catalog.runs(query))
    return Promise.all(views.map(view => summarizeRun(this.#core, view)))
  }

  async run(id: string): Promise<RunSummary> {
    return (await this.resolve(id)).run
  }

  async stages(run: string): Promise<readonly StageView[]> {
    await this.#core.feed.refresh()
    return this.#core.feed.query(catalog => catalog.stages(run))
  }

  async resolve(address: string): Promise<Address & { readonly run: RunSummary }> {
    await this.#core.feed.refresh()
    const found = await resolveAddress(address, query => this.#core.feed.query(catalog => catalog.runs(query)))
    return { ...found, run: await summarizeRun(this.#core, found.run) }
  }

  events(run: string, options?: { readonly inherited?: boolean }): AsyncIterableIterator<LogEvent>
  events(query?: EventQuery): Promise<EventPage>
  events(
    asked: string | EventQuery = {},
    options: { readonly inherited?: boolean } = {},
  ): AsyncIterableIterator<LogEvent> | Promise<EventPage> {
    return typeof asked === 'string' ? this.#records(asked, options.inherited ?? false) : this.#queryEvents(asked)
  }

  async *#records(run: string, inherited: boolean): AsyncIterableIterator<LogEvent> {
    const { id } = await this.run(run)
    yield* logEvents(this.#core, id, inherited)
  }

  async #queryEvents(query: EventQuery): Promise<EventPage> {
    const { queryEvents } = await import('./query-events.ts')
    return queryEvents(this.#core, await this.#events(), query)
  }

  async *eachEvent(options: EachEventOptions = {}): AsyncIterableIterator<PipelineEvent> {
    const { eachEvent } = await import('./query-events.ts')
    yield* eachEvent(this.#core, await this.#events(), options)
  }

  async eventSummary(run: string): Promise<EventSummary> {
    const { summarizeEvents } = await import('./event-summary.ts')
    return summarizeEvents(this.#core, await this.#events(), (await this.resolve(run)).run)
  }

  async eventTypes(): Promise<readonly string[]> {
    const { knownEventTypes } = await import('./event-summary.ts')
    return knownEventTypes(await this.#events())
  }

  async records(query: StreamQuery = {}): Promise<StreamPage> {
    const { queryRecordStreams } = await import('./query-record-streams.ts')
    return queryRecordStreams(this.#core, await this.#events(), query)
  }

  async *eachRecord(filter: StreamFilter = {}): AsyncIterableIterator<StreamEntry> {
    const { eachRecordEntry } = await import('./query-record-streams.ts')
    yield* eachRecordEntry(this.#core, await this.#events(), filter)
  }

  async exportRecords(path: string, options: ExportRecordsOptions): Promise<ExportedRecords> {
    const run = (await this.resolve(options.run)).run.id
    const { exportRecordStream } = await import('./export-record-stream.ts')
    return exportRecordStream(this.#core, this, path, { ...options, run })
  }

  async recordSummary(run: string, { tail }: { readonly tail?: number } = {}): Promise<readonly StreamSummary[]> {
    const { summarizeRecordStreams } = await import('./summarize-record-streams.ts')
    return summarizeRecordStreams(this.#core, (await this.resolve(run)).run, tail)
  }

  #events(): Promise<EventFeed> {
    if (this.#closing !== undefined) throw storeClosed(this.path)
    this.#eventFeed ??= import('./event-feed.ts').then(({ EventFeed }) => new EventFeed(this.#core))
    return this.#eventFeed
  }

  async report(run: string): Promise<RunReport> {
    const { reportRun } = await import('./run-report.ts')
    return reportRun(this.#core, (await this.resolve(run)).run)
  }

  async live(run: string): Promise<LiveReport | undefined> {
    const { id, attempt, owner } = await this.run(run)
    return owner === undefined ? undefined : this.#core.requests.live(id, attempt)
  }

  async lineage(run: string): Promise<Lineage> {
    const { lineageOf } = await import('./fork-lineage.ts')
    return lineageOf(this.#core, (await this.resolve(run)).run)
  }

  async fork(address: string, options: ForkOptions = {}): Promise<ForkedRun> {
    const { forkRun } = await import('./fork-run.ts')
    return forkRun(this.#core, address, options)
  }

  async setAside(address: string, options: SetAsideOptions = {}): Promise<SetAside> {
    const { listSetAside } = await import('./set-aside-items.ts')
    return listSetAside(this.#core, await this.resolve(address), options)
  }

  async requeue(address: string, options: RequeueOptions): Promise<Requeued> {
    const { requeueItems } = await import('./requeue-items.ts')
    return requeueItems(this.#core, await this.resolve(address), options)
  }

  async reset(address: string, options: { readonly plan?: boolean } = {}): Promise<ResetReport> {
    const { resetRun } = await import('./reset-run.ts')
    return resetRun(this.#core, await this.resolve(address), options)
  }

  async pause(address: string, options: PauseOptions = {}): Promise<StopReport> {
    const { run } = await this.resolve(address)
    const { stopRun } = await import('./stop-run.ts')
    return stopRun(this.#core, run.id, options.now === true ? 'pause-now' : 'pause', options)
  }

  async cancel(address: string, options: StopOptions = {}): Promise<StopReport> {
    const { run } = await this.resolve(address)
    const { stopRun } = await import('./stop-run.ts')
    return stopRun(this.#core, run.id, 'cancel', options)
  }

  async recordCrash(run: string, cause: EndCause, finished?: ReadonlyMap<string, number>): Promise<void> {
    const { recordCrash } = await import('./record-crash.ts')
    return recordCrash(this.#core, run, cause, finished)
  }

  track(options: TrackOptions): Promise<Tracker>
  track<Value>(options: TrackOptions, fn: (tracker: Tracker) => Value | PromiseLike<Value>): Promise<Value>
  async track(options: TrackOptions, fn?: (tracker: Tracker) => unknown): Promise<unknown> {
    const { track } = await import('./track.ts')
    return track(this.#core, options, fn)
  }

  async register(options: RegisterOptions): Promise<RegisteredProcess> {
    const { registerProcess } = await import('./registered-process.ts')
    return registerProcess(this.#core, options)
  }

  async recover(id: string): Promise<RecoveredProcess> {
    const { recoverProcess } = await import('./registered-process.ts')
    return recoverProcess(this.#core, await this.run(id))
  }

  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    const { verifyStore } = await import('./verify-store.ts')
    return verifyStore(this.#core, options)
  }

  async repair(options: RepairOptions = {}): Promise<RepairReport> {
    const { repairStore } = await import('./repair-store.ts')
    return repairStore(this.#core, options)
  }

  async undoRepair(id: string): Promise<UndoReport> {
    const { undoRepair } = await import('./repair-undo.ts')
    return undoRepair(this.#core, id)
  }

  async repairs(): Promise<readonly RepairJournal[]> {
    return listJournals(this.#core.files, this.#core.path)
  }

  async cleanUp(options: CleanUpOptions = {}): Promise<CleanUpReport> {
    const { cleanUp } = await import('./clean-up.ts')
    return cleanUp(this.#core, options)
  }

  async stats(options: { readonly orphans?: boolean } = {}): Promise<StoreStats> {
    const { storeStats } = await import('./store-stats.ts')
    return storeStats(this.#core, options)
  }

  async summary(): Promise<CatalogSummary> {
    await this.#core.feed.refresh()
    return this.#core.feed.query(catalog => catalog.summary())
  }

  async initKeys(key: MasterKey, options: NewKeyOptions = {}): Promise<KeysReport> {
    const { initKeys } = await import('./init-keys.ts')
    return initKeys(this.#openCore(), key, options)
  }

  async keys(): Promise<KeysReport> {
    const { reportKeys } = await import('./keys-report.ts')
    return reportKeys(this.#openCore())
  }

  async addKey(key: MasterKey, options: NewKeyOptions = {}): Promise<KeysReport> {
    const { addKey } = await import('./change-keys.ts')
    return addKey(this.#openCore(), key, options)
  }

  async removeKey(which: string): Promise<KeysReport> {
    const { removeKey } = await import('./change-keys.ts')
    return removeKey(this.#openCore(), which)
  }

  async rotateKeys(options: RotateOptions = {}): Promise<KeysReport> {
    const { rotateKeys } = await import('./change-keys.ts')
    return rotateKeys(this.#openCore(), options)
  }

  async rekey(options: RekeyOptions = {}): Promise<RekeyReport> {
    const { rekeyStore } = await import('./rekey-store.ts')
    return rekeyStore(this.#openCore(), options)
  }

  async checkKeys(options: { readonly keys?: readonly MasterKey[] } = {}): Promise<KeysCheck> {
    const { checkKeys } = await import('./check-keys.ts')
    return checkKeys(this.#openCore(), options)
  }

  async exportKeys(path: string): Promise<ExportedKeys> {
    const { exportKeys } = await import('./export-keys.ts')
    return exportKeys(this.#openCore(), path)
  }

  /** For verbs on keys, which need nothing that is closed with the store. */
  #openCore(): StoreCore {
    if (this.#closing !== undefined) throw storeClosed(this.path)
    return this.#core
  }

  on<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>, options: ListenOptions = {}): () => void {
    return this.#core.listeners.add(name, listener, options)
  }

  notices(): readonly string[] {
    return this.#core.feed.notices()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    // What was acknowledged needs no more. Without its close mark a segment is read like that of a killed process; to reject would hide how the work ended.
    await (await this.#eventFeed)?.close().catch(ignoreDisk)
    await this.#core.log.close().catch(ignoreDisk)
    await this.#core.feed.close().catch(ignoreDisk)
    await this.#core.chunks.close().catch(ignoreDisk)
    await this.#core.runLog?.close()
  }
}

function ignoreDisk(error: unknown): void {
  if (!isWaymarkError(error) || error.code === 'internal') throw error
}
