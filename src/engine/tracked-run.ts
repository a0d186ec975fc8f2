import type { Ownership } from '../log/log.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { checkCallerId, newRunId } from '../model/ids.ts'
import { makePlan } from '../model/make-plan.ts'
import type { RunRecord, StageDone } from '../model/records.ts'
import type { RunView } from '../model/run-view.ts'
import type { ScopePath } from '../model/scope.ts'
import { selectStages } from '../model/stage-selection.ts'
import type { StopRequest } from '../model/stop-request.ts'
import { trackedParams } from '../model/tracked-params.ts'
import { applyRetention } from './apply-retention.ts'
import { Attempt } from './attempt.ts'
import { beginRun, checkFresh, type HeldRun, holdRun } from './begin-attempt.ts'
import { endCompleted, endFailed, mustAddUp } from './end-attempt.ts'
import { type FoundRun, findRun } from './find-run.ts'
import { loopStart } from './loop-start.ts'
import { leaseHeld } from './ownership.ts'
import { recordBeginning } from './record-beginning.ts'
import { checkNotStopped, requestedStop } from './requested-stop.ts'
import { stopped } from './stopped.ts'
import type { StoreCore } from './store-core.ts'
import type { TrackOptions } from './track-options.ts'
import { ofPipeline, twice } from './tracker-errors.ts'
import { withRemedy } from './with-remedy.ts'

/** How a tracked loop ended. */
export type LoopEnd =
  | { readonly state: 'completed'; readonly record: StageDone; readonly result: CheckpointRecord | undefined }
  | { readonly state: 'failed'; readonly error: unknown }
  | { readonly state: 'paused' }

/** One attempt at a run of tracked loops: it begins with the first loop, is shared by those that go on at the same time, and ends with the last. */
export class TrackedRun {
  readonly attempt: Attempt
  /** The loop whose start was recorded together with the run's, until it goes on. */
  begunWith: ScopePath | undefined
  readonly #open = new Set<ScopePath>()
  readonly #ends: LoopEnd[] = []
  /** Loops that this attempt completed, whether or not their records are durable yet. */
  readonly #completed = new Set<ScopePath>()
  readonly #stop: AbortController
  readonly #startedAt: number
  readonly #release: () => Promise<void>
  #closing: Promise<void> | undefined

  constructor(attempt: Attempt, begunWith: ScopePath | undefined, stop: AbortController, release: () => Promise<void>) {
    this.attempt = attempt
    this.begunWith = begunWith
    this.#stop = stop
    this.#release = release
    this.#startedAt = attempt.facts.core.clock.monotonicMs()
  }

  /** Aborts when the attempt must stop: another process asks for it, or the run has a newer owner. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.attempt.signal, this.#stop.signal])
  }

  /** Set once the last loop has ended: resolves when that is recorded. */
  get closing(): Promise<void> | undefined {
    return this.#closing
  }

  /** @throws WaymarkError `conflict` if a loop of this name goes on */
  enter(path: ScopePath): void {
    if (this.#open.has(path)) throw twice(this.attempt.facts.run, path)
    this.#open.add(path)
    this.#completed.delete(path)
  }

  /** Records how a loop ended; with the last one ends the attempt. */
  async leave(path: ScopePath, end: LoopEnd): Promise<void> {
    if (!this.#open.delete(path)) return
    this.#ends.push(end)
    if (end.state === 'completed') this.#completed.add(path)
    if (this.#open.size > 0) {
      if (end.state === 'completed') await this.attempt.append(withResult(end.record, end.result))
      return
    }
    const closed = this.#close(end).finally(() => this.#release())
    this.#closing = closed.catch(() => {})
    await closed
  }

  async #close(last: LoopEnd): Promise<void> {
    const { attempt } = this
    const { core } = attempt.facts
    const failed = this.#ends.find(end => end.state === 'failed')
    if (last.state === 'completed' && this.#isAllDone()) {
      mustAddUp(attempt)
      attempt.announce(last.record)
      await endCompleted(attempt, this.#startedAt, { result: last.result, check: undefined })
    } else {
      if (last.state === 'completed') await attempt.append(withResult(last.record, last.result))
      if (failed === undefined) this.#stop.abort(stopped(attempt.signal))
      await endFailed(attempt, this.#startedAt, failed === undefined ? stopped(attempt.signal) : failed.error, undefined)
    }
    // Nobody is told: a loop of the caller's own has no events.
    if (core.retention !== undefined && !attempt.stopping) await applyRetention(core, core.retention)
    await core.feed.flush().catch(() => {})
  }

  /** Whether no loop of the run is left to go on with, of this attempt or an earlier one. */
  #isAllDone(): boolean {
    if (this.#ends.some(end => end.state !== 'completed')) return false
    return [...this.attempt.facts.recorded.stages.values()].every(
      ({ path, state }) => this.#completed.has(path) || state === 'completed',
    )
  }
}

/** Runs of loops that this process is at, or is about to begin, by store and id. */
const running = new WeakMap<StoreCore, Map<string, Promise<TrackedRun>>>()

/**
 * Takes part in the attempt that this process makes at the run, or begins one.
 *
 * @throws WaymarkError `conflict` if the loop goes on already in this process, or the id is that of other work; `lease_held` if another process is at the run; `stale`, `paused`
 */
export async function enterTrackedRun(core: StoreCore, path: ScopePath, options: TrackOptions): Promise<TrackedRun> {
  const runs = running.get(core) ?? new Map<string, Promise<TrackedRun>>()
  running.set(core, runs)
  const id = options.run === undefined ? newRunId(core.random) : checkCallerId(options.run, 'run')
  for (;;) {
    const active = runs.get(id)
    if (active === undefined) break
    const run = await active.catch(() => undefined)
    const closing = run?.closing
    if (run !== undefined && closing === undefined) {
      checkPipeline(id, run.attempt.facts.pipeline, options.pipeline)
      run.enter(path)
      return run
    }
    await closing
  }
  const begun = begin(core, id, path, options, () => runs.delete(id))
  runs.set(id, begun)
  return begun
}

async function begin(
  core: StoreCore,
  id: string,
  path: ScopePath,
  options: TrackOptions,
  forget: () => void,
): Promise<TrackedRun> {
  let release = async (): Promise<void> => forget()
  try {
    await core.feed.refresh()
    const { found, begun } = await lookFor(core, id, options)
    const pipeline = found.run?.pipeline ?? options.pipeline ?? options.stage
    if (core.activeRuns.has(id)) throw leaseHeld(core, await viewOf(core, id, found))
    core.activeRuns.add(id)
    release = async () => {
      core.activeRuns.delete(id)
      forget()
    }
    const giveBack = await core.leases.hold()
    release = async () => {
      core.activeRuns.delete(id)
      forget()
      await giveBack()
    }
    const held = await holdRun(core, found, begun)
    const stop = new AbortController()
    const { attempt, begunWith } = await start(core, held, { pipeline, path, found, options, stop })
    const obey = (request: StopRequest): void => {
      attempt.obey(request)
      const error = requestedStop(id, request)
      stop.abort(request.kind === 'cancel' ? error : withRemedy(error, 'Run the program again with resumePaused: true.'))
    }
    const stopWatching = core.requests.watch(id, attempt.facts.attempt, obey, () => attempt.measure())
    const giveUp = release
    const run = new TrackedRun(attempt, begunWith, stop, async () => {
      await stopWatching()
      await giveUp()
    })
    run.enter(path)
    return run
  } catch (error) {
    await release()
    throw error
  }
}

interface Start {
  readonly pipeline: string
  readonly path: ScopePath
  readonly found: FoundRun
  readonly options: TrackOptions
  readonly stop: AbortController
}

/** Makes the attempt and records that it begins; with a new run also its first loop, so that none can be left without what it is a run of. */
async function start(
  core: StoreCore,
  held: HeldRun,
  { pipeline, path, found, options, stop }: Start,
): Promise<{ readonly attempt: Attempt; readonly begunWith: ScopePath | undefined }> {
  const selection = selectStages({}, { recorded: [], inside: [], expected: [], areAll: true })
  const plan = makePlan({
    run: held.id,
    pipeline,
    reason: found.reason,
    recorded: held.recorded,
    declared: [path],
    lastFinished: [],
    selection,
    notices: [...core.feed.notices(), ...held.notices],
  })
  const attempt = new Attempt({
    core,
    run: held.id,
    pipeline,
    attempt: plan.attempt,
    ownership: held.ownership,
    durability: options.durability ?? core.durability,
    recorded: held.recorded,
    earlierOwnersDead: held.earlierOwnersDead,
    baseDirectory: process.cwd(),
    plan,
    selection,
    acceptInput: options.acceptInput === true,
    signal: undefined,
    stopSignal: stop.signal,
    onEvent: undefined,
    verbs: () => {
      throw new TypeError('a tracked loop has no stages inside it')
    },
  })
  const { description, tags } = options
  const params = { ...(description === undefined ? {} : { description }), ...(tags === undefined ? {} : { tags }) }
  // To look at an input may take long, and may fail: with one the loop begins later.
  const begunWith = held.recorded.created === undefined && options.input === undefined ? path : undefined
  const first =
    begunWith === undefined ? [] : loopStart(attempt, path, options, { input: undefined, total: options.total, redo: undefined })
  await recordBeginning(attempt, { plan, created: { params, paramsDigest: trackedParams }, first })
  return { attempt, begunWith }
}

/** The run of the id if it may be gone on with; else its id is claimed for a new one. */
async function lookFor(
  core: StoreCore,
  id: string,
  options: TrackOptions,
): Promise<{ readonly found: FoundRun; readonly begun: Ownership | undefined }> {
  const none: FoundRun = { run: undefined, reason: `no run has the id ${id} yet`, others: [] }
  if (options.run === undefined) return { found: none, begun: await core.log.create(id) }
  let view = await core.feed.query(catalog => catalog.run(id))
  if (view === undefined) {
    const begun = await beginRun(core, id)
    if (begun !== undefined) return { found: none, begun }
    view = await core.feed.query(catalog => catalog.run(id))
    if (view === undefined) return { found: none, begun: undefined }
  }
  if (view.paramsDigest !== trackedParams) throw ofPipeline(view)
  checkPipeline(id, view.pipeline, options.pipeline)
  checkNotStopped(view, options.resumePaused === true)
  try {
    const { acceptStale, staleAfterMs } = options
    checkFresh(core, view, {
      ...(acceptStale === undefined ? {} : { acceptStale }),
      ...(staleAfterMs === undefined ? {} : { staleAfterMs }),
    })
  } catch (error) {
    throw isWaymarkError(error, 'stale')
      ? withRemedy(error, 'Go on all the same with acceptStale: true, or begin another run.')
      : error
  }
  const found = await findRun(core, { pipeline: view.pipeline, paramsDigest: trackedParams, runId: id, fresh: false })
  return { found: { ...found, others: [] }, begun: undefined }
}

async function viewOf(core: StoreCore, id: string, { run }: FoundRun): Promise<RunView> {
  const view = run ?? (await core.feed.query(catalog => catalog.run(id)))
  if (view === undefined) throw new TypeError(`run ${id} is worked on, and not in the catalog`)
  return { ...view, owner: core.self }
}

const withResult = (record: RunRecord, result: CheckpointRecord | undefined): RunRecord =>
  record.type === 'stage.done' && result !== undefined ? { ...record, checkpoint: result } : record

function checkPipeline(id: string, is: string, wanted: string | undefined): void {
  if (wanted === undefined || wanted === is) return
  throw new WaymarkError('conflict', {
    message: `run ${id} belongs to ${is}, not to ${wanted}`,
    means: 'It is untouched; nothing was started.',
    remedy: 'Choose another id, or leave out pipeline.',
    details: { run: id, pipeline: is },
  })
}
