import type { Ownership } from '../log/log.ts'
import type { Durability } from '../model/durability.ts'
import { isWaymarkError, type WaymarkError } from '../model/errors.ts'
import { meanTimeToFailureMs } from '../model/failure-rate.ts'
import type { OperationTimer } from '../model/operation-timer.ts'
import type { Plan } from '../model/plan.ts'
import { PlanCheck } from '../model/plan-check.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { RunRecord } from '../model/records.ts'
import type { RunEvent, StageProgressEvent } from '../model/run-events.ts'
import type { ScopePath } from '../model/scope.ts'
import type { StageSelection } from '../model/stage-selection.ts'
import { asksForMore, requestText, type StopRequest } from '../model/stop-request.ts'
import { operationNumber, operations, pushTiming, type TimingsByPath } from '../model/timings.ts'
import { AttemptTimings } from './attempt-timings.ts'
import { CalledStages } from './called-stages.ts'
import type { CatalogFeed } from './catalog-feed.ts'
import { checkpointIn } from './checkpoint-in.ts'
import { attachPlace, type ErrorPlace, placeOf } from './error-place.ts'
import { EventRecorder, type EventSchemas } from './event-recorder.ts'
import { RecordAppender } from './record-appender.ts'
import { type RecordSchemas, RecordStreamRecorder } from './record-stream-recorder.ts'
import { requestedStop } from './requested-stop.ts'
import type { Run } from './run.ts'
import { StageLookup } from './stage-lookup.ts'
import { StartedStages } from './started-stages.ts'
import { fenced, heldBack } from './stopped.ts'
import type { StoreCore } from './store-core.ts'

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
  /** Of the metadata of its events. */
  readonly eventSchemas?: EventSchemas
  /** Of the entries of its record streams. */
  readonly recordSchemas?: RecordSchemas
  /** Stop now. */
  readonly signal: AbortSignal | undefined
  /** Finish what is in flight, start nothing more. */
  readonly stopSignal: AbortSignal | undefined
  readonly onEvent: ((event: RunEvent) => void) | undefined
  /** `stage` and `each` for what lies inside a path ('' for the run itself). */
  readonly verbs: (attempt: Attempt, path: ScopePath, signal: AbortSignal) => ScopeVerbs
}

export type ScopeVerbs = Pick<Run, 'stage' | 'each'>

/** One process's try at a run while it goes on: what the verbs on stages and items share. */
export class Attempt {
  readonly facts: AttemptFacts
  /** Compares what happens with the plan. */
  readonly check: PlanCheck
  readonly stages: StageLookup
  readonly calls = new CalledStages()
  readonly timings = new AttemptTimings()
  readonly started = new StartedStages()
  readonly events: EventRecorder
  readonly streams: RecordStreamRecorder
  /** Passes over items that go on, by path. */
  readonly passes = new Map<ScopePath, { measure(): Omit<StageProgressEvent, 'type' | 'stage'> }>()
  readonly #records: RecordAppender
  readonly #catalog: ReturnType<CatalogFeed['measure']>
  readonly #abort = new AbortController()
  /** What somebody asked of the run while it went on. */
  #request: StopRequest | undefined
  #toldOfListener = false
  /** Aborts when nothing more is to be begun. */
  readonly #stop = new AbortController()
  #meanTimeToFailureMs: Promise<number> | undefined
  #heldBack: { readonly error: WaymarkError; readonly option: string } | undefined
  #lastFailure: { readonly error: unknown; readonly place: ErrorPlace } | undefined

  constructor(facts: AttemptFacts) {
    this.facts = facts
    this.check = new PlanCheck(facts.plan)
    this.events = new EventRecorder(this, facts.eventSchemas)
    this.streams = new RecordStreamRecorder(this, facts.recordSchemas)
    const { core, ownership, recorded } = facts
    this.#catalog = core.feed.measure(facts.run)
    this.stages = new StageLookup(recorded, facts.selection, {
      clock: core.clock,
      notice: message => this.emit({ type: 'notice', message }),
    })
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
    this.#catalog.end()
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

  /** Where time went that no record tells of yet, with what the catalog took for this run: for the last record of the attempt. */
  lastTimings(): { readonly timings?: TimingsByPath } {
    const own: number[] = []
    pushTiming(own, operationNumber(operations.indexOf('catalog'), 'ms'), this.#catalog.ms())
    this.timings.add('', own.length === 0 ? undefined : Uint8Array.from(own))
    return this.timings.take()
  }

  /** As `appendAs`, and measures what it waits for. */
  appendTimed(timer: OperationTimer, durability: Durability | undefined, ...records: readonly RunRecord[]): Promise<void> {
    return this.#records.append(records, durability, timer)
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

  /** Notes where an error was thrown: a thrown text or number cannot carry its place itself. */
  noteFailure(error: unknown, place: ErrorPlace): void {
    attachPlace(error, place)
    this.#lastFailure = { error, place }
  }

  placeOf(error: unknown): ErrorPlace | undefined {
    return placeOf(error) ?? (this.#lastFailure?.error === error ? this.#lastFailure?.place : undefined)
  }
}
