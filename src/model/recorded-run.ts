import type { CheckpointRecord } from './checkpoint.ts'
import { CompletedSet } from './completed-set.ts'
import { DrawnValues } from './drawn-values.ts'
import { keyDigestBytes } from './key-digest.ts'
import { KeySet } from './key-set.ts'
import type {
  AttemptStarted,
  InputRecord,
  ItemCounts,
  ItemsRequeued,
  OutputPosition,
  RunCreated,
  RunRecord,
  StageProgress,
  StoredError,
} from './records.ts'
import { ErrorSamples, type RememberedItem } from './remembered-item.ts'
import { type CheckpointView, checkpointView, type RecordPosition } from './run-view.ts'
import { isInside, type ScopePath, stageNameOf } from './scope.ts'
import { ScopeMap } from './scope-map.ts'

/** What an attempt starts from: everything the log says this run has done. Folded from its records; changed only by {@link RecordedRun.apply}. */
export class RecordedRun {
  created: RunCreated | undefined
  /** Attempts begun so far. */
  attempts = 0
  lastAttempt: AttemptStarted | undefined
  /** How the newest attempt ended; undefined if it never said. */
  ended: Extract<RunRecord, { type: 'attempt.ended' }> | undefined
  /** It was completed or cancelled at least once: its checkpoints may have been cleaned up since. */
  wasFinished = false
  /** Since its newest attempt ended somebody asked for work to be done again: it is not finished, whatever that attempt said. */
  reopened = false
  /** Attempts that a supervisor began again after a failure or crash. */
  restarts = 0
  lastTime = 0
  /** Of a forked run: the runs whose records count in it, the oldest first. */
  readonly #ancestors: string[] = []
  readonly #stages = new ScopeMap<RecordedStage>()
  /** Those of the run itself, by name: one, or the calls of a loop. */
  readonly #named = new Map<string, Map<ScopePath, RecordedStage>>()
  /** Also those whose record is still on its way into the log. */
  readonly drawn = new DrawnValues()

  get stages(): ReadonlyMap<ScopePath, RecordedStage> {
    return this.#stages
  }

  get ancestors(): readonly string[] {
    return this.#ancestors
  }

  /** Items put away with their errors, over all stages. */
  get setAside(): number {
    let sum = 0
    for (const stage of this.#stages.values()) sum += stage.counts?.setAside ?? 0
    return sum
  }

  /** Whether one of the run's own stages is: by its path, or by its name without the key of a loop. */
  hasCompleted(pathOrName: string): boolean {
    if (this.#stages.get(pathOrName)?.state === 'completed') return true
    for (const { state } of this.#named.get(pathOrName)?.values() ?? []) if (state === 'completed') return true
    return false
  }

  /** The run is completed, and nobody asked for anything of it since. */
  get isCompleted(): boolean {
    return this.ended?.state === 'completed' && !this.reopened
  }

  /** @param bytesToCome Of this record and all that are applied after it, if that is known: keys then take no more memory than need be */
  apply(record: RunRecord, position: RecordPosition, bytesToCome?: number): void {
    this.lastTime = Math.max(this.lastTime, record.time)
    switch (record.type) {
      case 'run.created':
        this.created = record
        if (record.forkedFrom !== undefined) this.#inherit(record.forkedFrom.run)
        return
      case 'attempt.started':
        this.attempts = record.attempt
        this.lastAttempt = record
        this.ended = undefined
        this.reopened = false
        if (record.plan.recovery?.type === 'retry') this.restarts++
        return
      case 'attempt.ended':
        this.ended = record
        this.wasFinished ||= record.state === 'completed' || record.state === 'cancelled'
        return
      case 'value.drawn':
        this.drawn.set(record)
        return
      case 'checkpoint.saved':
      case 'checkpoint.deleted':
      case 'checkpoint.noted':
      case 'checkpoint.changed':
      case 'stage.inherited':
        return
      case 'stage.started':
        return this.#start(record)
      case 'stage.reset':
        return this.#reset(record.path)
      default: {
        if (record.type === 'items.requeued') this.reopened = true
        const stage = this.#stages.get(record.path)
        if (stage !== undefined && record.type === 'stage.done') this.#markAfter(stage)
        stage?.apply(record, position, bytesToCome)
        if (stage === undefined) return
        if (record.type === 'stage.done') this.#outdateAfter(stage)
        if (record.type === 'stage.done' || record.type === 'stage.progress') this.#forgetDrawn(stage)
      }
    }
  }

  /** What was folded until now is of another run, which this one goes on from: its stages stay, its attempts are not those of this run. */
  #inherit(origin: string): void {
    this.#ancestors.push(origin)
    this.attempts = 0
    this.lastAttempt = undefined
    this.ended = undefined
    this.wasFinished = false
    this.reopened = false
    this.restarts = 0
    for (const stage of this.#stages.values()) stage.inherit(origin)
  }

  /** A stage some of whose items were called again is no longer what the stages after it were made from. They are offered for a redo, not redone. */
  #markAfter({ calledAgain, order, path }: RecordedStage): void {
    if (calledAgain === undefined) return
    const what = `${calledAgain} ${calledAgain === 1 ? 'item' : 'items'} of ${path} ${calledAgain === 1 ? 'was' : 'were'} called again`
    for (const later of this.#stages.values()) if (later.order > order && !isInside(later.path, path)) later.inputChanged = what
  }

  /** Items set aside keep what they drew: they may be called again. */
  #forgetDrawn(stage: RecordedStage): void {
    if (stage.kind === 'stage') this.drawn.forget(stage.path)
    else this.drawn.forgetItems(stage.path, name => stage.hasFinished(name) && !stage.setAside.has(name))
  }

  #reset(path: ScopePath): void {
    this.reopened = true
    for (const stage of this.#stages.values()) if (path === '' || stage.path === path) stage.outdated = 'it was reset'
  }

  /** A stage that was redone and came out differently makes what was first called after it outdated. */
  #outdateAfter(stage: RecordedStage): void {
    const { superseded, grownFrom } = stage
    stage.superseded = undefined
    stage.grownFrom = undefined
    const grown = grownFrom !== undefined && stage.finished > grownFrom
    const changed = superseded !== undefined && superseded !== stage.checkpoint?.digest
    if (!grown && !changed) return
    const what = changed ? 'was redone and its result changed' : 'was given more items'
    for (const later of this.#stages.values()) {
      if (later.order > stage.order && !isInside(later.path, stage.path)) later.outdated = `${stage.path} ${what}`
    }
  }

  #start(record: Extract<RunRecord, { type: 'stage.started' }>): void {
    const known = this.#stages.get(record.path)
    if (known !== undefined && record.redo === undefined) return known.startAgain(record)
    // What was done inside a stage that is thrown away goes with it.
    if (record.redo !== undefined) for (const path of this.#stages.inside(record.path)) this.#stages.delete(path)
    this.drawn.forget(record.path)
    const stage = new RecordedStage(record)
    if (known !== undefined) {
      stage.superseded = known.superseded ?? known.checkpoint?.digest ?? 'unknown'
      stage.outputStart = known.outputStart
    }
    this.#stages.set(record.path, stage)
    if (record.path.includes('/')) return
    const name = stageNameOf(record.path)
    const calls = this.#named.get(name) ?? new Map<ScopePath, RecordedStage>()
    this.#named.set(name, calls.set(record.path, stage))
  }
}

/** One stage as recorded. */
export class RecordedStage {
  readonly path: ScopePath
  readonly kind: 'stage' | 'each'
  readonly order: number
  state: 'running' | 'completed' | 'failed' = 'running'
  version: string | undefined
  input: InputRecord | undefined
  /** Of a stage inside an item without the value, of which there may be millions: that is read from the record. */
  checkpoint: CheckpointRecord | CheckpointView | undefined
  counts: ItemCounts | undefined
  output: OutputPosition | undefined
  /** Where this run's part of the output begins. */
  outputStart: OutputPosition | undefined
  error: StoredError | undefined
  /** Digest of the result that a redo is replacing, `unknown` where there is none; undefined when nothing is being replaced. */
  superseded: string | undefined
  /** Items that were finished when a completed stage was given more of them, until these are done too. */
  grownFrom: number | undefined
  /** Items in all, where known. */
  total: number | undefined
  /** How long was worked for what is recorded, in milliseconds; as the clock went. */
  workedMs = 0
  /** Time of the record up to which `workedMs` goes, and what it was when the attempt at hand began. */
  #worked: { upTo: number; before: number }
  /** Why what it was made from is no longer what it was: it is offered for a redo, and reused all the same. */
  inputChanged: string | undefined
  /** Why the recorded result must not be reused. */
  outdated: string | undefined
  /** Items finished, where they are known by index. */
  readonly completed = new CompletedSet()
  readonly #keySalt: Uint8Array | undefined
  #keys: KeySet | undefined
  /** Items put away with their errors, by {@link itemName}. Those requeued are not among them. */
  readonly setAside = new Map<string, RememberedItem>()
  readonly #errors = new ErrorSamples()
  /** Once a completed stage had items requeued: only these are called, whatever else the input holds now. */
  requeued: Set<string> | undefined
  /** Items requeued since the stage was completed, whatever its input has become, until it is completed again. */
  calledAgain: number | undefined
  /** Items that were finished when it was completed, where items of it were requeued since. */
  #finishedBefore: number | undefined
  /** The run that recorded it, where this one was forked from that and has not begun it anew. */
  inheritedFrom: string | undefined
  /** What the work noted about itself. */
  readonly metadata: Record<string, unknown> = {}
  currentStep: string | undefined
  /** Progress records that hold results, oldest first. */
  readonly results: ResultsRecord[] = []

  constructor(started: Extract<RunRecord, { type: 'stage.started' }>) {
    this.path = started.path
    this.kind = started.kind
    this.order = started.order
    this.version = started.version
    this.input = started.input
    this.total = started.total
    this.#keySalt = started.keySalt
    this.#worked = { upTo: started.time, before: 0 }
  }

  /** Items finished, where they are known by key. */
  get keys(): KeySet {
    this.#keys ??= new KeySet(this.#keySalt)
    return this.#keys
  }

  /** Items recorded as finished. */
  get finished(): number {
    return this.completed.size + (this.#keys?.size ?? 0)
  }

  /** @param name {@link itemName} of the item */
  hasFinished(name: string): boolean {
    return this.#keys !== undefined && this.#keys.size > 0 ? this.#keys.has(name) : this.completed.has(Number(name))
  }

  /** Its output is another run's: this one must never cut it back to where that began. */
  inherit(origin: string): void {
    this.inheritedFrom ??= origin
    this.outputStart = undefined
  }

  startAgain(record: Extract<RunRecord, { type: 'stage.started' }>): void {
    const isOther = this.input?.digest !== record.input?.digest
    if (isOther) this.grownFrom ??= this.state === 'completed' ? this.finished : this.#finishedBefore
    // What is new in another input is called beside the items that were requeued.
    if (isOther) this.requeued = undefined
    this.total = record.total ?? (isOther ? undefined : this.total)
    this.#worked = { upTo: record.time, before: this.workedMs }
    this.state = 'running'
    this.version = record.version
    this.input = record.input
    this.error = undefined
  }

  apply(record: Extract<RunRecord, { path: ScopePath }>, position: RecordPosition, bytesToCome?: number): void {
    switch (record.type) {
      case 'stage.progress':
        this.#progress(record, position, bytesToCome)
        return
      case 'output.started':
        this.output = record.output
        this.outputStart = record.output
        return
      case 'stage.done':
        this.state = 'completed'
        this.requeued = undefined
        this.calledAgain = undefined
        this.#finishedBefore = undefined
        this.checkpoint =
          record.checkpoint && this.path.includes('/') ? checkpointView(record.checkpoint, position) : record.checkpoint
        this.workedMs = this.#worked.before + record.durationMs
        this.total = record.counts?.total ?? this.total
        if (record.counts !== undefined) this.counts = record.counts
        if (record.output !== undefined) this.output = record.output
        return
      case 'stage.failed':
        this.state = 'failed'
        this.error = record.error
        return
      case 'items.requeued':
        return this.#requeue(record)
      case 'stage.noted':
        Object.assign(this.metadata, record.metadata)
        this.currentStep = record.currentStep ?? this.currentStep
        return
      case 'stage.started':
      case 'stage.reset':
      case 'stage.inherited':
        return
    }
  }

  /** Takes requeued items out of what is finished. */
  #requeue(record: ItemsRequeued): void {
    if (this.state === 'completed') {
      this.requeued = new Set()
      this.calledAgain = 0
      this.#finishedBefore = this.finished
    }
    this.state = 'running'
    const again = (name: string) => {
      this.setAside.delete(name)
      this.requeued?.add(name)
      if (this.calledAgain !== undefined) this.calledAgain++
    }
    for (const [from, to] of record.ranges ?? []) {
      this.completed.removeRange(from, to)
      for (let index = from; index <= to; index++) again(String(index))
    }
    for (const key of record.keys ?? []) {
      this.keys.delete(key)
      again(key)
    }
    if (this.counts !== undefined) this.counts = { ...this.counts, setAside: this.setAside.size }
  }

  #progress(record: StageProgress, position: RecordPosition, bytesToCome: number | undefined): void {
    this.counts = record.counts
    this.total = record.counts.total ?? this.total
    this.workedMs += Math.max(0, record.time - this.#worked.upTo)
    this.#worked.upTo = record.time
    if (record.output !== undefined) this.output = record.output
    if (record.completed === undefined) this.completed.queue(record.ranges ?? [])
    else this.completed.replace(record.completed)
    for (const key of record.keys ?? []) this.keys.add(key)
    if (record.keyDigests !== undefined) this.keys.addDigests(record.keyDigests, keysIn(bytesToCome))
    for (const { index, key, fingerprint, calls, time, error } of record.setAside ?? []) {
      const sample = this.#errors.take(fingerprint, error)
      const named = key === undefined ? { index } : { index, key }
      this.setAside.set(itemName(index, key), { ...named, fingerprint, calls, time, sample, recordedIn: position })
    }
    const from = leastResultIndex(record)
    if (from !== undefined)
      this.results.push({ position, from, ...(record.resultsIn === undefined ? {} : { checkpoint: record.resultsIn }) })
  }
}

/** How many keys that many bytes of records can hold. */
const keysIn = (bytes: number | undefined): number | undefined => bytes && Math.floor(bytes / keyDigestBytes)

/** How an item is known within its stage: its key, or its index as text. */
export const itemName = (index: number, key: string | undefined): string => key ?? String(index)

/** A progress record that holds results of items. */
export interface ResultsRecord {
  readonly position: RecordPosition
  /** The least index of an item in it. */
  readonly from: number
  readonly checkpoint?: CheckpointRecord
}

/** Nothing more is kept of results in memory: there may be ten million. */
function leastResultIndex({ resultsFrom, results = [], resultsIn, resultIndexes = [] }: StageProgress): number | undefined {
  if (resultsFrom !== undefined) return resultsFrom
  let least: number | undefined
  for (const index of [...results.map(([at]) => at), ...resultIndexes]) if (least === undefined || index < least) least = index
  return least ?? (resultsIn === undefined ? undefined : 0)
}
