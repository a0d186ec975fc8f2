import { AsyncLocalStorage } from 'node:async_hooks'
import type { Ownership } from '../log/log.ts'
import type { Durability } from '../model/durability.ts'
import { isWaymarkError, type WaymarkError } from '../model/errors.ts'
import { meanTimeToFailureMs } from '../model/failure-rate.ts'
import type { Plan } from '../model/plan.ts'
import { PlanCheck } from '../model/plan-check.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import type { RunRecord } from '../model/records.ts'
import type { RunEvent, StageProgressEvent } from '../model/run-events.ts'
import { isInside, type ScopePath } from '../model/scope.ts'
import type { StageSelection } from '../model/stage-selection.ts'
import { asksForMore, requestText, type StopRequest } from '../model/stop-request.ts'
import { calledTwice, outerRunInside, sameOutput } from './attempt-errors.ts'
import { CallSite } from './call-site.ts'
import { checkpointIn } from './checkpoint-in.ts'
import { attachPlace, type ErrorPlace, placeOf } from './error-place.ts'
import { RecordAppender } from './record-appender.ts'
import { requestedStop } from './requested-stop.ts'
import type { Run } from './run.ts'
import { fenced, heldBack } from './stopped.ts'
import type { StoreCore } from './store-core.ts'

/** Which stage's or item's function the running code belongs to; undefined in the pipeline's own function. */
export const currentScope = new AsyncLocalStorage<ScopePath>()

export interface AttemptFacts {
  readonly core: StoreCore
  readonly run: string
  readonly pipeline: string
  readonly attempt: number
  readonly ownership: Ownership
  /** Of the records of this attempt, where a stage does not ask for another. */
  readonly durability: Durability
  readonly recorded: RecordedRun
  readonly earlierOwnersDead: boolean
  /** Folder from which paths of inputs and outputs resolve. */
  readonly baseDirectory: string
  readonly plan: Plan
  readonly selection: StageSelection
  readonly acceptInput: boolean
  /** Stop now. */
  readonly signal: AbortSignal | undefined
  /** Finish what is in flight, start nothing more. */
  readonly stopSignal: AbortSignal | undefined
  readonly onEvent: ((event: RunEvent) => void) | undefined
  /** `stage` and `each` for what lies inside a path ('' for the run itself). */
  readonly verbs: (attempt: Attempt, path: ScopePath, signal: AbortSignal) => ScopeVerbs
}

export type ScopeVerbs = Pick<Run, 'stage' | 'each'>

/** A stage that was called in this attempt. */
interface StartedStage {
  readonly path: ScopePath
  readonly settled: Promise<unknown>
  /** True once somebody took its outcome. */
  readonly observed: () => boolean
}

/** One process's try at a run while it goes on: what the verbs on stages and items share. */
export class Attempt {
  readonly facts: AttemptFacts
  /** Compares what happens with the plan. */
  readonly check: PlanCheck
  /** Passes over items that go on, by path. */
  readonly passes = new Map<ScopePath, { measure(): Omit<StageProgressEvent, 'type' | 'stage'> }>()
  readonly #records: RecordAppender
  readonly #abort = new AbortController()
  /** What somebody asked of the run while it went on. */
  #request: StopRequest | undefined
  readonly #calls = new Map<ScopePath, CallSite>()
  /** Paths called inside a stage or item. */
  readonly #callsIn = new Map<ScopePath, ScopePath[]>()
  /** Those that go on, and those whose error nobody took so far. */
  readonly #started = new Set<StartedStage>()
  readonly #outputs = new Map<string, ScopePath>()
  readonly #redoing = new Map<number, { readonly path: ScopePath; readonly done: Promise<unknown> }>()
  readonly #redone = new Set<ScopePath>()
  #nextOrder = 1
  #toldOfListener = false
  /** Aborts when nothing more is to be begun. */
  readonly #stop = new AbortController()
  #meanTimeToFailureMs: Promise<number> | undefined
  #heldBack: { readonly error: WaymarkError; readonly option: string } | undefined
  #lastFailure: { readonly error: unknown; readonly place: ErrorPlace } | undefined

  constructor(facts: AttemptFacts) {
    this.facts = facts
    this.check = new PlanCheck(facts.plan)
    const { core, ownership, recorded } = facts
    this.#records = new RecordAppender({
      log: core.log,
      ownership,
      clock: core.clock,
      durability: facts.durability,
      beforeUnsynced: core.upgrade,
      onRecorded: (record, position, durability) => {
        recorded.apply(record, position)
        const checkpoint = checkpointIn(record)
        if (checkpoint !== undefined) core.memory.parents.recorded(checkpoint.id, position, durability === 'power')
      },
      onFailed: error => {
        if (isWaymarkError(error, 'fenced')) this.#abort.abort(error)
      },
    })
    for (const { order } of facts.recorded.stages.values()) this.#nextOrder = Math.max(this.#nextOrder, order + 1)
    this.#abort.signal.addEventListener('abort', () => this.#stop.abort(), { once: true })
    if (facts.stopSignal?.aborted) this.#stop.abort()
    else facts.stopSignal?.addEventListener('abort', () => this.#stop.abort(), { once: true })
    const { signal } = facts
    if (signal?.aborted) this.#abort.abort(signal.reason)
    else signal?.addEventListener('abort', this.#onCallersAbort, { once: true })
  }

  readonly #onCallersAbort = (): void => this.#abort.abort(this.facts.signal?.reason)

  /** It has ended: lets go of the caller's signal, which may outlive many attempts. */
  close(): void {
    this.facts.signal?.removeEventListener('abort', this.#onCallersAbort)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Aborts as soon as nothing more is to be begun: who only waits need not wait on. */
  get stopSignal(): AbortSignal {
    return this.#stop.signal
  }

  get stopping(): boolean {
    return this.#request !== undefined || this.facts.stopSignal?.aborted === true || this.signal.aborted
  }

  get request(): StopRequest | undefined {
    return this.#request
  }

  /** How far every pass that goes on is. */
  measure(): readonly StageProgressEvent[] {
    return [...this.passes].map(([stage, pass]) => ({ type: 'progress', stage, ...pass.measure() }))
  }

  /** Stops, as somebody asked; a later request for more counts too. */
  obey(request: StopRequest): void {
    if (!asksForMore(request, this.#request)) return
    this.#request = request
    this.#stop.abort()
    const does = { pause: 'paused: finishing what is in flight', 'pause-now': 'paused now', cancel: 'cancelled' }[request.kind]
    this.emit({ type: 'stopping', message: `${does}, asked for by ${requestText(request)}` })
    if (request.kind !== 'pause') this.#abort.abort(requestedStop(this.facts.run, request))
  }

  /** What a call may use until `signal` aborts: with the run, or when the call is over. */
  verbs(path: ScopePath, signal: AbortSignal = this.signal): ScopeVerbs {
    return this.facts.verbs(this, path, signal)
  }

  /** A listener that throws is told of once: nothing that is recorded depends on it. */
  emit(event: RunEvent): void {
    try {
      this.facts.onEvent?.(event)
    } catch (error) {
      if (!this.#toldOfListener)
        process.emitWarning(`a listener of run ${this.facts.run} threw at ${event.type}: ${String(error)}`)
      this.#toldOfListener = true
    }
  }

  /** Mean time to failure of the pipeline's work, from the runs the catalog knows; asked once. */
  meanTimeToFailureMs(): Promise<number> {
    const { core, pipeline } = this.facts
    this.#meanTimeToFailureMs ??= core.feed.query(catalog => catalog.runs({ pipeline, limit: 50 })).then(meanTimeToFailureMs)
    return this.#meanTimeToFailureMs
  }

  /** Puts a record into the log before everything that is appended later, but not at once: see {@link RecordAppender.announce}. */
  announce(record: RunRecord): void {
    this.#records.announce(record)
  }

  /** Commits records of the run. A superseded owner stops everything at once. */
  append(...records: readonly RunRecord[]): Promise<void> {
    return this.#records.append(records)
  }

  /** As `append`, as safe as one stage asks for; undefined: as the attempt. */
  appendAs(durability: Durability | undefined, ...records: readonly RunRecord[]): Promise<void> {
    return this.#records.append(records, durability)
  }

  /**
   * Called before a user's function, whose effects no log can take back.
   *
   * @throws WaymarkError `fenced` if the run has a newer owner
   */
  async mustOwn(): Promise<void> {
    const { core, ownership, run } = this.facts
    if (!(await core.log.isFenced(ownership))) return
    const error = fenced(run)
    this.#abort.abort(error)
    throw error
  }

  /**
   * Called before a stage is, or goes on.
   *
   * @throws WaymarkError `cancelled` if the attempt was asked to keep to others: it then ends paused, once what it is at has ended
   */
  mustBeSelected(path: ScopePath): void {
    const { run, selection, recorded } = this.facts
    const option = selection.leftFor(path, name => recorded.hasCompleted(name))
    if (option === undefined) return
    this.#heldBack ??= { error: heldBack(run, path, option), option }
    throw this.#heldBack.error
  }

  /** Set once a stage was not called because the attempt was asked to keep to others. */
  get heldBack(): { readonly error: WaymarkError; readonly option: string } | undefined {
    return this.#heldBack
  }

  isHeldBack(error: unknown): boolean {
    return error !== undefined && error === this.#heldBack?.error
  }

  /** Whether a stage or an item failed in this attempt. */
  get hasFailed(): boolean {
    return this.#lastFailure !== undefined
  }

  /**
   * Registers the call of a stage; each path may be called once in an attempt.
   *
   * @throws WaymarkError `conflict` naming both places, or naming `ctx` if the run was used inside a function of a stage
   */
  enter(path: ScopePath, parent: ScopePath): void {
    const scope = currentScope.getStore()
    if (parent === '' && scope !== undefined) throw outerRunInside(path, scope)
    const call = new CallSite()
    const earlier = this.#calls.get(path)
    if (earlier !== undefined) throw calledTwice(path, earlier, call)
    this.#calls.set(path, call)
    const siblings = this.#callsIn.get(parent)
    if (siblings === undefined) this.#callsIn.set(parent, [path])
    else siblings.push(path)
  }

  /** Paths of what was called so far, whether or not it was held back. */
  get calledPaths(): readonly ScopePath[] {
    return [...this.#calls.keys()]
  }

  /** Whether anything was called inside a stage or item. */
  get hasCallsInside(): boolean {
    return this.#callsIn.size > 1
  }

  /** A function is called again, or is over: what it called by name may be called once more. */
  forgetCallsIn(scope: ScopePath): void {
    for (const path of this.#callsIn.get(scope) ?? []) {
      this.#calls.delete(path)
      for (const [file, holder] of this.#outputs) if (holder === path) this.#outputs.delete(file)
      this.forgetCallsIn(path)
    }
    this.#callsIn.delete(scope)
  }

  /**
   * Gives an output file to one stage.
   *
   * @throws WaymarkError `conflict` if another stage of this attempt writes it
   */
  takeOutput(file: string, path: ScopePath): void {
    const holder = this.#outputs.get(file)
    if (holder !== undefined) throw sameOutput(file, holder, path)
    this.#outputs.set(file, path)
  }

  track(stage: StartedStage): void {
    this.#started.add(stage)
    // An outcome holds the result: ten million of them must not stay until the attempt ends.
    stage.settled.then(
      () => this.#started.delete(stage),
      () => stage.observed() && this.#started.delete(stage),
    )
  }

  /**
   * What is recorded of a stage and why that must not be reused, if it must not. Waits for stages first called before it that are being redone: their result decides.
   */
  async lookUp(
    path: ScopePath,
    version: string | undefined,
  ): Promise<{ recorded: RecordedStage | undefined; redo: string | undefined }> {
    const order = this.facts.recorded.stages.get(path)?.order
    if (order !== undefined) {
      for (const [earlier, redone] of [...this.#redoing]) {
        // What this lies in cannot end before it.
        if (earlier < order && !isInside(path, redone.path)) await redone.done.catch(() => {})
      }
    }
    const recorded = this.facts.recorded.stages.get(path)
    return { recorded, redo: recorded && this.#redoReason(recorded, version) }
  }

  orderOf(path: ScopePath): number {
    return this.facts.recorded.stages.get(path)?.order ?? this.#nextOrder++
  }

  /** Until `done` settles, stages first called after this order wait before they decide to reuse what they have. */
  redoing(path: ScopePath, order: number, done: Promise<unknown>): void {
    this.#redoing.set(order, { path, done })
    const forget = () => this.#redoing.delete(order)
    done.then(forget, forget)
  }

  /** Notes where an error was thrown: a thrown text or number cannot carry its place itself. */
  noteFailure(error: unknown, place: ErrorPlace): void {
    attachPlace(error, place)
    this.#lastFailure = { error, place }
  }

  placeOf(error: unknown): ErrorPlace | undefined {
    return placeOf(error) ?? (this.#lastFailure?.error === error ? this.#lastFailure?.place : undefined)
  }

  /** Waits for what a function started by name and left to itself. */
  async settleIn(scope: ScopePath): Promise<void> {
    for (const { path, settled } of [...this.#started]) if (isInside(path, scope)) await settled.catch(() => {})
  }

  /** Waits until every stage that was started has ended; the first failure that nobody took, if any. */
  async settle(): Promise<{ readonly error: unknown } | undefined> {
    let unobserved: { error: unknown } | undefined
    // Stages may start further ones while this waits.
    for (const stage of this.#started) {
      try {
        await stage.settled
      } catch (error) {
        if (!stage.observed()) unobserved ??= { error }
      }
    }
    return unobserved
  }

  #redoReason(recorded: RecordedStage, version: string | undefined): string | undefined {
    const asked = this.facts.selection.redoFor(recorded.path)
    // Once a redo has finished in this attempt its result counts.
    if (asked !== undefined && !this.#redone.has(recorded.path)) return asked
    if (recorded.outdated !== undefined) return recorded.outdated
    if (recorded.version === version) return undefined
    return `its version changed from ${recorded.version ?? 'none'} to ${version ?? 'none'}`
  }

  /** Notes that a stage asked for with `redo` was thrown away. */
  noteRedone(path: ScopePath): void {
    this.#redone.add(path)
  }
}
