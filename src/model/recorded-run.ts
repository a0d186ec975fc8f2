import { DrawnValues } from './drawn-values.ts'
import { streamOfType } from './event-types.ts'
import { RecordedStage } from './recorded-stage.ts'
import type { AttemptStarted, RunCreated, RunRecord } from './records.ts'
import type { RecordPosition } from './run-view.ts'
import { type ScopePath, stageNameOf } from './scope.ts'
import { ScopeMap } from './scope-map.ts'
import { StagesByOrder } from './stages-by-order.ts'

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
  /** Those that were begun before this attempt and that nothing has made outdated: what was begun beside a stage that is redone was not made from what that was before. Made when first asked for: in most runs nothing is redone. */
  #earlier: StagesByOrder | undefined
  /** Those whose input nothing has changed; made when first asked for too. */
  #unmarked: StagesByOrder | undefined
  /** What was said of items called again, by stage: it is said anew of all that stand on them. */
  readonly #calledAgain = new Map<ScopePath, { text: string }>()
  /** Also those whose record is still on its way into the log. */
  readonly drawn = new DrawnValues()
  /** Names of the record streams that it has entries of, whether or not these count. */
  readonly streams = new Set<string>()

  get stages(): ReadonlyMap<ScopePath, RecordedStage> {
    return this.#stages
  }

  /** Paths of stages inside this one; of '' all. */
  inside(path: ScopePath): readonly ScopePath[] {
    return this.#stages.inside(path)
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

  /** @param keysToCome Keys of items in this record and all that are applied after it, about, if that is known: they then take no more memory than need be */
  apply(record: RunRecord, position: RecordPosition, keysToCome?: number): void {
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
        this.#earlier = undefined
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
      case 'events.recorded':
        for (const [type] of record.facets) {
          const stream = streamOfType(type)
          if (stream !== undefined) this.streams.add(stream)
        }
        return
      case 'stage.started':
        return this.#start(record)
      case 'stage.reset':
        return this.#reset(record.path)
      default: {
        if (record.type === 'items.requeued') this.reopened = true
        const stage = this.#stages.get(record.path)
        if (stage !== undefined && record.type === 'stage.done') this.#markAfter(stage)
        stage?.apply(record, position, keysToCome)
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
    this.#earlier = undefined
  }

  /** A stage some of whose items were called again is no longer what the stages after it were made from. They are offered for a redo, not redone. */
  #markAfter(stage: RecordedStage): void {
    const { calledAgain, path } = stage
    if (calledAgain === undefined) return
    const change = this.#calledAgain.get(path) ?? { text: '' }
    change.text = `${calledAgain} ${calledAgain === 1 ? 'item' : 'items'} of ${path} ${calledAgain === 1 ? 'was' : 'were'} called again`
    this.#calledAgain.set(path, change)
    this.#unmarked ??= new StagesByOrder(this.#stages.values())
    for (const later of this.#unmarked.takeAfter(stage)) later.inputChange = change
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
    const why = `${stage.path} ${changed ? 'was redone and its result changed' : 'was given more items'}`
    this.#earlier ??= new StagesByOrder([...this.#stages.values()].filter(({ begunIn }) => begunIn !== this.attempts))
    for (const later of this.#earlier.takeAfter(stage)) later.outdated ??= why
  }

  #start(record: Extract<RunRecord, { type: 'stage.started' }>): void {
    const known = this.#stages.get(record.path)
    if (known !== undefined && record.redo === undefined) return known.startAgain(record)
    // What was done inside a stage that is thrown away goes with it.
    if (record.redo !== undefined) for (const path of this.#stages.inside(record.path)) this.#stages.delete(path)
    this.drawn.forget(record.path)
    const stage = new RecordedStage(record, this.attempts)
    if (known !== undefined) {
      stage.superseded = known.superseded ?? known.checkpoint?.digest ?? 'unknown'
      stage.outputStart = known.outputStart
    }
    this.#stages.set(record.path, stage)
    this.#unmarked?.add(stage)
    if (record.path.includes('/')) return
    const name = stageNameOf(record.path)
    const calls = this.#named.get(name) ?? new Map<ScopePath, RecordedStage>()
    this.#named.set(name, calls.set(record.path, stage))
  }
}
