import type { Plan } from '../../model/plan.ts'
import type { StreamSummary } from '../../model/record-stream.ts'
import type { ItemCounts } from '../../model/records.ts'
import type { AttemptProof, CheckOutcome } from '../../model/recovery-proof.ts'
import type { RunEvent, StageCompletedEvent, StageProgressEvent } from '../../model/run-events.ts'
import type { ScopePath } from '../../model/scope.ts'
import type { UnreachedStage } from '../../model/unreached-stage.ts'
import type { WatchedRun } from '../run-reporter.ts'

/** What is on screen of a stage; stages called in a loop with keys share one. */
export interface StageProgress {
  readonly name: string
  state: 'waiting' | 'running' | 'completed' | 'reused' | 'failed'
  startedAt: number
  durationMs: number
  counts: ItemCounts | undefined
  /** Items recorded by earlier attempts. */
  reused: number
  atRisk: number
  itemsPerSecond: number | undefined
  etaMs: StageProgressEvent['etaMs']
  /** The newest checkpoint of this attempt. */
  checkpoint: StageCompletedEvent['checkpoint']
  output: string | undefined
  /** Set for stages in a loop: how many have ended, how many run, the one seen last. */
  members: { ended: number; running: number; last: string } | undefined
}

const sampleEveryMs = 1_000
const mostSpeeds = 60

/** What an attempt has told so far, folded for the screen. Its size does not grow with items or keys. */
export class RunProgress {
  plan: Plan | undefined
  run: string | undefined
  pipeline = ''
  attempt = 1
  store = ''
  /** Wall milliseconds of the last durable save that was seen. */
  savedAt: number | undefined
  /** Another process works on it: a Ctrl-C ends the watching only, and what is not saved yet is not known here. */
  watching = false
  /** Set while the run is being stopped: what is happening, and what a further Ctrl-C does. */
  stopping: string | undefined
  /** What the attempt reused and what is new, once it has ended. */
  proof: AttemptProof | undefined
  check: CheckOutcome | undefined
  errorCheckpoint: string | undefined
  /** A stage it was to stop at, and never came to. */
  unreached: UnreachedStage | undefined
  /** What its record streams add up to, once it has ended. */
  records: readonly StreamSummary[] = []
  /** Wall milliseconds when the attempt began; undefined where that is not known. */
  startedAt: number | undefined
  /** Items a second over all stages, about one for each second, oldest first. */
  readonly speeds: number[] = []
  #sample: { readonly at: number; readonly items: number } | undefined
  readonly #stages = new Map<string, StageProgress>()

  get stages(): Iterable<StageProgress> {
    return this.#stages.values()
  }

  stageOf(path: ScopePath): StageProgress | undefined {
    return this.#stages.get(groupOf(path))
  }

  /** Items finished and not yet durable, over all stages. */
  get atRisk(): number {
    let sum = 0
    for (const stage of this.stages) sum += stage.state === 'running' ? stage.atRisk : 0
    return sum
  }

  /** Begins anew with what is known of a run that another process works on. */
  attach(watched: WatchedRun, time: number): void {
    this.watching = true
    this.run = watched.run
    this.pipeline = watched.pipeline
    this.attempt = watched.attempt
    this.store = watched.store
    this.startedAt = watched.startedAt
    this.#stages.clear()
    for (const path of watched.stages) this.#stage(path, time)
  }

  apply(event: RunEvent, time: number): void {
    switch (event.type) {
      case 'plan':
        this.plan = event.plan
        this.run = event.plan.run
        this.pipeline = event.plan.pipeline
        this.attempt = event.plan.attempt
        this.#stages.clear()
        for (const stage of event.plan.stages) if (!isNested(stage.path)) this.#stage(stage.path, time)
        return
      case 'run.ended':
        this.proof = event.proof
        this.check = event.check
        this.errorCheckpoint = event.errorCheckpoint
        this.unreached = event.unreached
        this.records = event.records ?? []
        return
      case 'run.started':
        this.pipeline = event.pipeline
        this.attempt = event.attempt
        this.store = event.store
        this.startedAt = time
        return
      case 'stage.started':
      case 'stage.reused':
      case 'progress':
      case 'stage.completed':
      case 'stage.failed':
        // A stage inside an item shows only through its parent.
        if (!isNested(event.stage)) this.#applyStage(event, this.#stage(event.stage, time), time)
        return
      default:
    }
  }

  #applyStage(
    event: Extract<RunEvent, { stage: ScopePath; type: `${'stage.' | 'progress'}${string}` }>,
    stage: StageProgress,
    time: number,
  ): void {
    const { members } = stage
    if (members !== undefined) members.last = event.stage
    switch (event.type) {
      case 'stage.started':
        if (members !== undefined) members.running++
        if (stage.state !== 'running') stage.startedAt = time
        stage.state = 'running'
        if (event.total !== undefined) stage.counts = { ...(stage.counts ?? noItems), total: event.total }
        return
      case 'stage.reused':
        if (members !== undefined) members.ended++
        if (stage.state === 'waiting') stage.state = 'reused'
        stage.counts = event.counts ?? stage.counts
        return
      case 'progress': {
        const durable = handled(event.counts) - event.atRisk
        const before = stage.counts === undefined ? event.reused : handled(stage.counts) - stage.atRisk
        if (durable > before) this.savedAt = time
        stage.counts = event.counts
        stage.reused = event.reused
        stage.atRisk = event.atRisk
        stage.itemsPerSecond = event.itemsPerSecond ?? stage.itemsPerSecond
        stage.etaMs = event.etaMs
        this.#sampleSpeed(time)
        return
      }
      case 'stage.completed':
        this.savedAt = time
        stage.counts = event.counts ?? stage.counts
        stage.atRisk = 0
        stage.checkpoint = event.checkpoint ?? stage.checkpoint
        stage.output = event.output ?? stage.output
        this.#ended(stage, 'completed', event.durationMs, time)
        return
      case 'stage.failed':
        this.#ended(stage, 'failed', time - stage.startedAt, time)
    }
  }

  #sampleSpeed(time: number): void {
    let items = 0
    for (const { counts, reused } of this.stages) items += counts === undefined ? 0 : handled(counts) - reused
    const before = this.#sample
    if (before !== undefined && time - before.at < sampleEveryMs) return
    this.#sample = { at: time, items }
    if (before === undefined) return
    this.speeds.push(Math.max(0, ((items - before.items) / (time - before.at)) * 1000))
    if (this.speeds.length > mostSpeeds) this.speeds.shift()
  }

  #ended(stage: StageProgress, state: 'completed' | 'failed', durationMs: number, time: number): void {
    if (stage.members !== undefined) {
      stage.members.ended++
      stage.members.running = Math.max(0, stage.members.running - 1)
      if (stage.members.running > 0) return
      stage.durationMs = time - stage.startedAt
    } else {
      stage.durationMs = durationMs
    }
    stage.state = state
  }

  #stage(path: ScopePath, time: number): StageProgress {
    const name = groupOf(path)
    let stage = this.#stages.get(name)
    if (stage === undefined) {
      stage = {
        name,
        state: 'waiting',
        startedAt: time,
        durationMs: 0,
        counts: undefined,
        reused: 0,
        atRisk: 0,
        itemsPerSecond: undefined,
        etaMs: undefined,
        checkpoint: undefined,
        output: undefined,
        members: undefined,
      }
      this.#stages.set(name, stage)
    }
    if (name !== path) stage.members ??= { ended: 0, running: 0, last: path }
    return stage
  }
}

const noItems: ItemCounts = { done: 0, skipped: 0, setAside: 0, retries: 0 }

/** Items that need no more work. */
export const handled = (counts: ItemCounts): number => counts.done + counts.skipped + counts.setAside

/** `prices[AAPL]` and `prices[MSFT]` are shown as `prices`. */
export const groupOf = (path: ScopePath): string => path.replace(/[[/].*$/s, '')

/** True for a stage inside an item or another stage. */
export const isNested = (path: ScopePath): boolean => path.includes('/')

/** True for a stage that a line of its own announces: neither nested nor one of a loop. */
export const isTopLevel = (path: ScopePath): boolean => groupOf(path) === path
