import { checkOptions, optionRules } from '../model/check-options.ts'
import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import type { StoredError } from '../model/records.ts'
import { trackedParams } from '../model/tracked-params.ts'
import { peekRun } from './begin-attempt.ts'
import { checkOptionNames } from './check-labels.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import type { RunSummary } from './run-summary.ts'
import type { StoreCore } from './store-core.ts'
import { openTracker } from './track.ts'
import { bad, checkTrackOptions, type TrackOptions } from './track-options.ts'
import type { Tracker } from './tracker.ts'
import type { TrackerProgress } from './tracker-progress.ts'

/** A process is a run of one loop of this name, whose items are its steps. */
const stepsStage = 'steps'

/** What a process is registered with; the rest as for a tracked loop. */
export interface RegisterOptions
  extends Pick<
    TrackOptions,
    | 'description'
    | 'metadata'
    | 'save'
    | 'durability'
    | 'tags'
    | 'signal'
    | 'onSuccess'
    | 'onFailure'
    | 'onPause'
    | 'printEvery'
    | 'print'
  > {
  /** An id of your own. Default: one of Waymark’s. */
  readonly id?: string
  /** What the process is called in lists. */
  readonly name: string
  readonly totalSteps: number
}

/** How {@link RecoveredProcess.resume} goes on. */
export type ResumeOptions = Omit<RegisterOptions, 'id' | 'name' | 'totalSteps' | 'description'> &
  Pick<TrackOptions, 'acceptStale' | 'staleAfterMs' | 'resumePaused'>

export interface ProcessUpdate {
  /** Steps done in all, the first ones. Never fewer than before. */
  readonly completedSteps?: number
  readonly currentStep?: string
  /** Added to what was noted before, by key. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

export interface CompleteOptions {
  /** True: it is completed although steps are left. Default false. */
  readonly partial?: boolean
}

const registerNames = [
  'id',
  'name',
  'totalSteps',
  'description',
  'metadata',
  'save',
  'durability',
  'tags',
  'signal',
  'onSuccess',
  'onFailure',
  'onPause',
  'printEvery',
  'print',
]

/** A process of so many steps that this program is at: a {@link Tracker} whose items 0 to n - 1 are done when n steps are completed. */
export class RegisteredProcess implements AsyncDisposable {
  readonly #tracker: Tracker
  readonly totalSteps: number
  #completedSteps: number

  /** Use `store.register()`. */
  constructor(tracker: Tracker, totalSteps: number, completedSteps: number) {
    this.#tracker = tracker
    this.totalSteps = totalSteps
    this.#completedSteps = completedSteps
  }

  get id(): string {
    return this.#tracker.run
  }

  get completedSteps(): number {
    return this.#completedSteps
  }

  /** Aborts when the process should stop: see {@link Tracker.signal}. */
  get signal(): AbortSignal {
    return this.#tracker.signal
  }

  /** How far it is, with speed and the time that is still needed. */
  progress(): TrackerProgress {
    return this.#tracker.progress()
  }

  /**
   * Tells how far it is. Costs little: it is made durable in the background, as `save` says, or at once by {@link flush}.
   *
   * @throws WaymarkError `invalid` for fewer steps than before or more than there are, `conflict` after the end; and what a save in the background failed with
   */
  update(update: ProcessUpdate): void {
    if (typeof update !== 'object' || update === null)
      throw bad('update', `the update is ${describe(update)}, not an object`, 'update({ completedSteps: 3 })')
    checkOptionNames('update', update, ['completedSteps', 'currentStep', 'metadata'])
    const { completedSteps, currentStep, metadata } = update
    if (completedSteps !== undefined) this.#checkSteps(completedSteps)
    if (currentStep !== undefined) this.#tracker.setCurrentStep(currentStep)
    if (metadata !== undefined) this.#tracker.setMetadata(metadata)
    for (let step = this.#completedSteps; step < (completedSteps ?? 0); step++) this.#tracker.done(step)
    this.#completedSteps = completedSteps ?? this.#completedSteps
  }

  /** Makes everything told so far durable. */
  flush(): Promise<void> {
    return this.#tracker.flush()
  }

  /**
   * Ends it as completed and keeps `finalData`. Durable when it resolves.
   *
   * @param options `partial: true` ends it before all steps are completed: those there are become the total. Default false.
   * @throws WaymarkError `conflict` if steps are left; what is recorded stays, and the process goes on
   * @example
   * const store = await open()
   * const work = await store.register({ name: 'import', totalSteps: 12 })
   * work.update({ completedSteps: 12 })
   * await work.complete({ rows: 4120 })
   */
  async complete(finalData?: unknown, options: CompleteOptions = {}): Promise<void> {
    checkOptions<CompleteOptions>('complete', options, { partial: optionRules.flag })
    if (options.partial === true) this.#tracker.setTotal(this.#completedSteps)
    else if (this.#completedSteps < this.totalSteps) throw stepsLeft(this.id, this.#completedSteps, this.totalSteps)
    await this.#tracker.complete(finalData)
  }

  /** Ends it as failed; `store.recover(id)` goes on with it. */
  fail(error: unknown): Promise<void> {
    return this.#tracker.fail(error)
  }

  /** Ends it for now. */
  pause(): Promise<void> {
    return this.#tracker.pause()
  }

  /** Left without {@link complete} it is recorded as failed; as paused, if it was told to stop. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#tracker[Symbol.asyncDispose]()
  }

  #checkSteps(steps: number): void {
    const wrong =
      !Number.isSafeInteger(steps) || steps < 0
        ? `completedSteps must be a whole number, not ${describe(steps)}`
        : steps > this.totalSteps
          ? `completedSteps is ${steps}, and there are ${this.totalSteps}`
          : steps < this.#completedSteps
            ? `completedSteps is ${steps}, and ${this.#completedSteps} were completed before: steps do not go backwards`
            : undefined
    if (wrong !== undefined) throw bad('update', wrong, 'Give the number of steps completed in all, from 0 to totalSteps.')
  }
}

/** A process as it is recorded. */
export interface RecoveredProcess extends Required<Pick<ProcessUpdate, 'completedSteps' | 'metadata'>> {
  readonly id: string
  readonly name: string
  /** `crashed`: it never ended, and the program that was at it is dead. */
  readonly state: RunSummary['shownState']
  readonly totalSteps: number
  readonly currentStep?: string
  readonly description?: string
  /** What {@link RegisteredProcess.complete} was given. */
  readonly finalData?: unknown
  /** What it failed with. */
  readonly error?: StoredError
  /**
   * Goes on with it: the handle begins with the steps completed so far.
   *
   * @throws WaymarkError `lease_held` if another program is at it; `stale`, `paused`
   */
  resume(options?: ResumeOptions): Promise<RegisteredProcess>
}

export async function registerProcess(core: StoreCore, options: RegisterOptions): Promise<RegisteredProcess> {
  const call = 'store.register'
  if (typeof options !== 'object' || options === null)
    throw bad(call, `the options are ${describe(options)}, not an object`, "store.register({ name: 'import', totalSteps: 12 })")
  checkOptionNames(call, options, registerNames)
  const { id, name, totalSteps, ...rest } = options
  if (typeof name !== 'string' || name === '')
    throw bad(call, `name is ${describe(name)}`, "Say what the process is called in lists: name: 'import'.")
  if (!Number.isSafeInteger(totalSteps) || totalSteps < 0)
    throw bad(call, `totalSteps must be a whole number, not ${describe(totalSteps)}`, 'totalSteps: files.length')
  const track: TrackOptions = {
    ...rest,
    stage: stepsStage,
    pipeline: name,
    total: totalSteps,
    ...(id === undefined ? {} : { run: id }),
  }
  const path = checkTrackOptions(track, call)
  if (id !== undefined) await mustBeNew(core, id)
  return new RegisteredProcess(await openTracker(core, path, track), totalSteps, 0)
}

/** What is recorded of a process. */
export async function recoverProcess(core: StoreCore, run: RunSummary): Promise<RecoveredProcess> {
  const recorded = await peekRun(core, run)
  const stage = recorded.stages.get(stepsStage)
  if (run.paramsDigest !== trackedParams || stage === undefined) throw noProcess(run)
  const final = stage.checkpoint ?? (run.state === 'completed' ? recorded.ended?.result : undefined)
  const completedSteps = stage.completed.size
  const totalSteps = stage.total ?? completedSteps
  const description = descriptionIn(run.params)
  const error = run.error ?? (stage.state === 'failed' ? stage.error : undefined)
  return {
    id: run.id,
    name: run.pipeline,
    state: run.shownState,
    totalSteps,
    completedSteps,
    metadata: { ...stage.metadata },
    ...(stage.currentStep === undefined ? {} : { currentStep: stage.currentStep }),
    ...(description === undefined ? {} : { description }),
    ...(final === undefined ? {} : { finalData: await readCheckpoint(core, final) }),
    ...(error === undefined ? {} : { error }),
    async resume(options = {}) {
      if (typeof options !== 'object' || options === null)
        throw bad('resume', `the options are ${describe(options)}, not an object`, 'process.resume({ acceptStale: true })')
      const track: TrackOptions = { ...options, run: run.id, stage: stepsStage, total: totalSteps }
      const tracker = await openTracker(core, checkTrackOptions(track, 'resume'), track)
      // What another program recorded since this was read counts.
      const { done, skipped, failed } = tracker.progress()
      return new RegisteredProcess(tracker, totalSteps, done + skipped + failed)
    },
  }
}

function stepsLeft(run: string, completedSteps: number, totalSteps: number): WaymarkError {
  return new WaymarkError('conflict', {
    message: `${run} cannot be completed: ${completedSteps} of ${totalSteps} steps are`,
    means: 'What was told is kept; the process has not ended.',
    remedy: `Tell the rest first: update({ completedSteps: ${totalSteps} }); if there is no more to do: complete(finalData, { partial: true }).`,
    details: { run, completedSteps, totalSteps },
  })
}

async function mustBeNew(core: StoreCore, id: string): Promise<void> {
  await core.feed.refresh()
  const run = await core.feed.query(catalog => catalog.run(id))
  if (run === undefined) return
  throw new WaymarkError('conflict', {
    message: `${id} is registered already, as ${run.pipeline} (${run.state})`,
    means: 'It is untouched; nothing was started.',
    remedy: `Go on with it: const { resume } = await store.recover(${JSON.stringify(id)}); or choose another id.`,
    details: { run: id },
  })
}

function descriptionIn(params: unknown): string | undefined {
  if (typeof params !== 'object' || params === null || !('description' in params)) return undefined
  return typeof params.description === 'string' ? params.description : undefined
}

function noProcess({ id, pipeline }: RunSummary): WaymarkError {
  return new WaymarkError('not_found', {
    message: `run ${id} of ${pipeline} is no registered process`,
    means: 'Nothing was read or started.',
    remedy: `Processes are those begun with store.register(). Look at the run with: waymark show ${id}`,
    details: { run: id },
  })
}
