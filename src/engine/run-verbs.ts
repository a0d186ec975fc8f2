import type { RunQuery } from '../catalog/catalog.ts'
import type { PipelineEvent } from '../model/pipeline-event.ts'
import type { EndCause } from '../model/records.ts'
import type { StageView } from '../model/run-view.ts'
import type { EventSummary } from './event-summary.ts'
import type { Lineage } from './fork-lineage.ts'
import type { ForkedRun, ForkOptions } from './fork-run.ts'
import type { LiveReport } from './live-progress.ts'
import type { LogEvent } from './log-events.ts'
import type { EachEventOptions, EventPage, EventQuery } from './query-events.ts'
import type { Requeued, RequeueOptions } from './requeue-items.ts'
import type { ResetReport } from './reset-run.ts'
import type { Address } from './resolve-address.ts'
import type { RunReport } from './run-report.ts'
import type { RunSummary } from './run-summary.ts'
import type { SetAside, SetAsideOptions } from './set-aside-items.ts'
import type { PauseOptions, StopOptions, StopReport } from './stop-run.ts'

/** What is recorded of runs, and what can be done to them from outside. */
export interface RunVerbs {
  /** Runs, newest first. */
  runs(query?: RunQuery): Promise<readonly RunSummary[]>

  /** @throws WaymarkError `not_found` */
  run(id: string): Promise<RunSummary>

  /** Stages of a run in the order of their first call. */
  stages(run: string): Promise<readonly StageView[]>

  /**
   * What an address names: `RUN[/STAGE[/KEY]]`, `PIPELINE@last[/STAGE]`, `@last`, `@failed`, or a unique prefix of a run's id.
   *
   * @throws WaymarkError `not_found` with what is near, `conflict` if a prefix fits several runs
   */
  resolve(address: string): Promise<Address & { readonly run: RunSummary }>

  /** Every record of a run that counts, oldest first; of a fork its own, and with `inherited` before them those it was forked with. */
  events(run: string, options?: { readonly inherited?: boolean }): AsyncIterableIterator<LogEvent>

  /**
   * A page of the events of all runs: what the work recorded (`run.event`, `run.metric`, `run.quality`) and what follows from what the runs did (`pipeline_start`, `stage_complete`, `checkpoint_saved` …), in order of
   * their time. Every event that was there when the first page was asked for is on one page, whatever is recorded meanwhile.
   *
   * @throws WaymarkError `invalid`, naming the option; `not_found` of the run; `conflict` if a prefix fits several runs
   *
   * @example
   * const { events, next } = await store.events({ run: 'nightly', type: 'model_trained', newestFirst: true, limit: 10 })
   */
  events(query?: EventQuery): Promise<EventPage>

  /**
   * Every event that fits, one by one, in bounded memory; with `follow` also those to come, each once, within about a quarter of a second.
   *
   * @throws WaymarkError `invalid`, naming the option; `not_found` of the run; `cancelled` when the signal aborts
   *
   * @example
   * for await (const { run, stage } of store.eachEvent({ type: 'stage_error', follow: true })) console.error(`${stage} of ${run} failed`)
   */
  eachEvent(options?: EachEventOptions): AsyncIterableIterator<PipelineEvent>

  /**
   * Counts of the events of a run, by type and status, and how long it and its stages took.
   *
   * @throws WaymarkError `not_found`
   */
  eventSummary(run: string): Promise<EventSummary>

  /** Types of the events there are, and those that the system derives. */
  eventTypes(): Promise<readonly string[]>

  /**
   * A run over all its stages: how far it is, what failed, what was reused, and the counts that show that nothing was lost or done twice.
   *
   * @throws WaymarkError `not_found`, `corrupt`
   */
  report(run: string): Promise<RunReport>

  /**
   * What the process that works on a run says how far it is, what is not recorded yet included: called again and again, it is at most a second old. Undefined while that process has not answered, or there is
   * none.
   */
  live(run: string): Promise<LiveReport | undefined>

  /**
   * The runs that a run was forked from, one from the other, and those forked from any of them.
   *
   * @throws WaymarkError `not_found`
   */
  lineage(run: string): Promise<Lineage>

  /**
   * Makes a new run that has everything recorded that another one had recorded up to a place: the end of a run, of a stage (or as far as that is), a checkpoint, or the beginning of a stage. Nothing is copied,
   * and the other run stays as it is. The new one goes on when it is named: `waymark resume`, or `pipeline.run` with `runId`.
   *
   * @throws WaymarkError `not_found` of the place or of a checkpoint that was deleted, `conflict` if the id is in use, `corrupt` if a checkpoint it needs is damaged, `invalid`
   *
   * @example
   * const { run } = await store.fork('nightly-orders@last', { before: 'report', params: { limit: '20' } })
   */
  fork(address: string, options?: ForkOptions): Promise<ForkedRun>

  /**
   * Items of a run or stage that were put away with their errors, grouped by what they failed with, and a page of them with what they were called with.
   *
   * @throws WaymarkError `not_found` of the address or group
   *
   * @example
   * const { total, groups } = await store.setAside('nightly-orders@last/enrich')
   * for (const { group, count, error } of groups) console.log(`${count} of ${total}: ${error.message} (${group})`)
   */
  setAside(address: string, options?: SetAsideOptions): Promise<SetAside>

  /**
   * Marks items that were put away, so that the next attempt at the run calls them again, also if it is finished; of a stage that is finished it calls nothing else. Calls nothing itself.
   *
   * @throws WaymarkError `not_found` of the address, a key or the group, `lease_held` if a living process owns the run, `invalid`
   */
  requeue(address: string, options: RequeueOptions): Promise<Requeued>

  /**
   * Throws away what is recorded of a run, which becomes cancelled and whose checkpoints are deleted (but those with pins), or of one stage, which the next attempt calls again.
   *
   * @throws WaymarkError `not_found`, `lease_held` if a living process owns the run
   */
  reset(address: string, options?: { readonly plan?: boolean }): Promise<ResetReport>

  /**
   * Stops a run on purpose, whichever process works on it: items in flight are finished and recorded (`now`: aborted), nothing more is begun. It goes on when it is told to: `waymark resume`, or
   * `pipeline.run` with `resumePaused`. Called inside the run itself it would wait for its caller: pass `wait: false` there.
   *
   * @throws WaymarkError `not_found`, `lease_held` if the process that works on it does not stop in time, `cancelled` by the signal, `invalid`
   */
  pause(address: string, options?: PauseOptions): Promise<StopReport>

  /**
   * Gives a run up, whichever process works on it: items in flight are aborted. What it recorded stays; the run does not come back.
   *
   * @throws WaymarkError as {@link pause}
   */
  cancel(address: string, options?: StopOptions): Promise<StopReport>

  /**
   * Records why a run's process ended, where that process could not: for the supervisor of a process that is dead.
   *
   * @param finished How many items of each pass, by path, the process had told of as finished.
   */
  recordCrash(run: string, cause: EndCause, finished?: ReadonlyMap<string, number>): Promise<void>
}
