import type { CheckpointRecord } from './checkpoint.ts'
import { checkpointView } from './checkpoint-view.ts'
import { CompletedSet } from './completed-set.ts'
import { KeySet } from './key-set.ts'
import type { OutputPosition } from './output-position.ts'
import type { InputRecord, ItemCounts, ItemsRequeued, RunRecord, StageProgress, StoredError } from './records.ts'
import { ErrorSamples, type RememberedItem } from './remembered-item.ts'
import type { CheckpointView, RecordPosition } from './run-view.ts'
import type { ScopePath } from './scope.ts'

/** One stage as recorded. */
export class RecordedStage {
  readonly path: ScopePath
  readonly kind: 'stage' | 'each'
  readonly order: number
  /** The attempt in which it was called for the first time, or thrown away and called anew; 0 of one that was inherited. */
  begunIn: number
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
  /** Why what it was made from is no longer what it was: it is offered for a redo, and reused all the same. Others share it. */
  inputChange: { readonly text: string } | undefined
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

  constructor(started: Extract<RunRecord, { type: 'stage.started' }>, begunIn: number) {
    this.begunIn = begunIn
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

  /** What {@link inputChange} says now. */
  get inputChanged(): string | undefined {
    return this.inputChange?.text
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
    this.begunIn = 0
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

  apply(record: Extract<RunRecord, { path: ScopePath }>, position: RecordPosition, keysToCome?: number): void {
    switch (record.type) {
      case 'stage.progress':
        this.#progress(record, position, keysToCome)
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

  #progress(record: StageProgress, position: RecordPosition, keysToCome: number | undefined): void {
    this.counts = record.counts
    this.total = record.counts.total ?? this.total
    this.workedMs += Math.max(0, record.time - this.#worked.upTo)
    this.#worked.upTo = record.time
    if (record.output !== undefined) this.output = record.output
    if (record.completed === undefined) this.completed.queue(record.ranges ?? [])
    else this.completed.replace(record.completed)
    for (const key of record.keys ?? []) this.keys.add(key)
    if (record.keyDigests !== undefined) this.keys.addDigests(record.keyDigests, keysToCome)
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
