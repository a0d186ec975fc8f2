import { type ErrorGroup, groupErrors } from '../model/error-groups.ts'
import { itemsIn } from '../model/items-in.ts'
import type { Plan } from '../model/plan.ts'
import { RecordedRun } from '../model/recorded-run.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import type { EndCause, ItemCounts, RunRecord, StoredError } from '../model/records.ts'
import type { AttemptProof, CheckOutcome } from '../model/recovery-proof.ts'
import type { RunView } from '../model/run-view.ts'
import { isInside, type ScopePath } from '../model/scope.ts'
import { type StageTimings, stageTimings, sumTimings, type TimingSums, type TimingsByPath } from '../model/timings.ts'
import { decodeFound } from './decode-found.ts'
import { forkHistory, ownHistory } from './fork-history.ts'
import { learnItems } from './learn-items.ts'
import type { StoreCore } from './store-core.ts'

/** A run over all its stages, as its log tells it. */
export interface RunReport {
  readonly run: string
  readonly pipeline: string
  /** Of the whole work, from 0 to 100, rounded down: every stage of the run itself counts the same, one with items by how many are finished. */
  readonly percent: number
  readonly stages: readonly StageReport[]
  /** Sums over all passes over items. `total` only where that of each is known. */
  readonly items: ItemCounts
  readonly attempts: readonly AttemptReport[]
  /** What put items away, the most frequent first. */
  readonly setAside: readonly ErrorGroup[]
  /** What the newest attempt did not have to do again. */
  readonly reused: ReusedWork
  readonly proof: LogProof
  /** Time that belongs to no one stage: records put into the catalog beside the work. Undefined where that was not measured. */
  readonly timings?: StageTimings
}

export interface StageReport {
  readonly path: ScopePath
  readonly kind: 'stage' | 'each'
  readonly state: 'running' | 'completed' | 'failed'
  readonly counts?: ItemCounts
  /** Time worked for what is recorded, over all attempts, in milliseconds. */
  readonly workedMs: number
  /** Items that the newest attempt found recorded. */
  readonly reusedItems: number
  /** The newest attempt found it finished. */
  readonly reused: boolean
  readonly error?: StoredError
  readonly checkpoint?: string
  /** Why what is recorded of it is thrown away when it is called next. */
  readonly outdated?: string
  /** Where its time went, over all attempts whose work counts. Undefined where that was not measured. */
  readonly timings?: StageTimings
}

export interface AttemptReport {
  readonly attempt: number
  readonly startedAt: number
  /** Of its last record, where it never said that it ended. */
  readonly endedAt: number
  /** `crashed`: it never said. */
  readonly state: 'completed' | 'failed' | 'paused' | 'cancelled' | 'crashed'
  readonly cause?: EndCause
  readonly error?: StoredError
  readonly node: string
  readonly plan: Plan
  /** What it said of itself at its end. */
  readonly proof?: AttemptProof
  readonly check?: CheckOutcome
}

export interface ReusedWork {
  readonly stages: number
  readonly items: number
  readonly workedMs: number
}

/** Counts that show whether anything was lost or repeated, over all attempts: taken from the records of items alone, whatever the attempts said of themselves. */
export interface LogProof {
  /** Items recorded as finished. */
  readonly items: number
  /** Items recorded a second time although the first counts. */
  readonly twice: number
  /** Items that the counts speak of, and that are not recorded; of finished passes also those up to the total. */
  readonly lost: number
}

/** Reads a run's records and adds them up. @throws WaymarkError `corrupt` */
export async function reportRun(core: StoreCore, run: RunView): Promise<RunReport> {
  const records = await forkHistory(core, await ownHistory(core, run.id))
  const fold = new ReportFold()
  for (const found of records) {
    const record = await decodeFound(core.log, found)
    if (record.type === 'stage.progress') learnItems(core.redaction, record.setAside)
    fold.apply(record, found.position)
  }
  return fold.report(run)
}

interface AttemptFold {
  readonly started: Extract<RunRecord, { type: 'attempt.started' }>
  lastAt: number
  ended?: Extract<RunRecord, { type: 'attempt.ended' }>
}

interface FoundDone {
  readonly finished: number
  readonly completed: boolean
  readonly workedMs: number
}

class ReportFold {
  readonly #recorded = new RecordedRun()
  readonly #attempts: AttemptFold[] = []
  /** What the newest attempt found, by path. */
  #found = new Map<ScopePath, FoundDone>()
  /** Items that records name as finished, those requeued since taken off, by path. */
  readonly #named = new Map<ScopePath, number>()
  readonly #timings = new Map<ScopePath, TimingSums>()

  apply(record: RunRecord, position: Parameters<RecordedRun['apply']>[1]): void {
    // The attempts before a fork are those of another run.
    if (record.type === 'run.created') {
      this.#attempts.length = 0
      this.#timings.delete('')
    }
    if (record.type === 'attempt.started') {
      this.#attempts.push({ started: record, lastAt: record.time })
      this.#found = new Map([...this.#recorded.stages.values()].map(stage => [stage.path, foundIn(stage)]))
    }
    const attempt = this.#attempts.at(-1)
    if (attempt !== undefined && attempt.ended === undefined) attempt.lastAt = Math.max(attempt.lastAt, record.time)
    if (record.type === 'attempt.ended' && attempt !== undefined) attempt.ended = record
    if (record.type === 'stage.started' && record.redo !== undefined) this.#throwAway(record.path)
    if ('timings' in record && record.timings !== undefined) this.#time(record.timings)
    if (record.type === 'stage.progress') this.#name(record.path, itemsIn(record))
    if (record.type === 'items.requeued') this.#name(record.path, -itemsIn(record))
    this.#recorded.apply(record, position)
  }

  report(run: RunView): RunReport {
    const stages = [...this.#recorded.stages.values()].sort((a, b) => a.order - b.order)
    const own = this.#timings.get('')
    return {
      run: run.id,
      pipeline: run.pipeline,
      percent: run.state === 'completed' ? 100 : percentOf(stages, run.declaredStages),
      stages: stages.map(stage => this.#stage(stage)),
      items: sumOf(stages),
      attempts: this.#attempts.map(attemptReport),
      setAside: groupErrors(stages.flatMap(({ path, setAside }) => [...setAside.values()].map(item => ({ stage: path, item })))),
      reused: this.#reused(),
      proof: {
        items: stages.reduce((sum, { finished }) => sum + finished, 0),
        twice: stages.reduce((sum, { path, finished }) => sum + Math.max(0, (this.#named.get(path) ?? 0) - finished), 0),
        lost: stages.reduce((sum, stage) => sum + lostOf(stage), 0),
      },
      ...(own === undefined ? {} : { timings: stageTimings(own) }),
    }
  }

  #name(path: ScopePath, items: number): void {
    this.#named.set(path, (this.#named.get(path) ?? 0) + items)
  }

  #time(timings: TimingsByPath): void {
    for (const [path, more] of Object.entries(timings)) {
      const sums = this.#timings.get(path) ?? new Map<number, number>()
      this.#timings.set(path, sums)
      sumTimings(sums, more)
    }
  }

  /** With a stage that is done anew goes what was done inside it. */
  #throwAway(path: ScopePath): void {
    for (const map of [this.#found, this.#named, this.#timings])
      for (const one of [...map.keys()]) if (one === path || isInside(one, path)) map.delete(one)
  }

  #stage(stage: RecordedStage): StageReport {
    const { path, kind, state, counts, workedMs, error, checkpoint, outdated } = stage
    const found = this.#found.get(path)
    const timings = this.#timings.get(path)
    return {
      path,
      kind,
      state,
      ...(counts === undefined ? {} : { counts }),
      workedMs,
      reusedItems: found?.finished ?? 0,
      reused: found?.completed === true && state === 'completed',
      ...(error === undefined ? {} : { error }),
      ...(checkpoint === undefined ? {} : { checkpoint: checkpoint.id }),
      ...(outdated === undefined ? {} : { outdated }),
      ...(timings === undefined ? {} : { timings: stageTimings(timings) }),
    }
  }

  #reused(): ReusedWork {
    const found = [...this.#found.values()]
    return {
      stages: found.filter(({ completed }) => completed).length,
      items: found.reduce((sum, { finished }) => sum + finished, 0),
      workedMs: found.reduce((sum, one) => sum + one.workedMs, 0),
    }
  }
}

const foundIn = ({ finished, state, workedMs, outdated }: RecordedStage): FoundDone =>
  outdated === undefined
    ? { finished, completed: state === 'completed', workedMs: state === 'completed' || finished > 0 ? workedMs : 0 }
    : { finished: 0, completed: false, workedMs: 0 }

/** Items of the counts, or of a finished pass all, that are not among the recorded ones. */
function lostOf({ counts, finished, state }: RecordedStage): number {
  if (counts === undefined) return 0
  const spokenOf = handled(counts)
  const due = state === 'completed' ? Math.max(spokenOf, counts.total ?? 0) : spokenOf
  return Math.max(0, due - finished)
}

const handled = ({ done, skipped, setAside }: ItemCounts): number => done + skipped + setAside

function percentOf(stages: readonly RecordedStage[], declared: readonly string[]): number {
  const members = new Map<string, number[]>(declared.map(name => [name, []]))
  for (const stage of stages) {
    if (stage.path.includes('/')) continue
    const name = stage.path.replace(/\[[^\]]*\]$/, '')
    members.set(name, [...(members.get(name) ?? []), partOf(stage)])
  }
  if (members.size === 0) return 0
  let sum = 0
  for (const parts of members.values()) if (parts.length > 0) sum += parts.reduce((a, b) => a + b, 0) / parts.length
  return Math.floor((sum / members.size) * 100)
}

function partOf({ state, counts, total, outdated }: RecordedStage): number {
  if (outdated !== undefined) return 0
  if (state === 'completed') return 1
  if (counts === undefined || total === undefined || total === 0) return 0
  return Math.min(1, handled(counts) / total)
}

function sumOf(stages: readonly RecordedStage[]): ItemCounts {
  const sum = { done: 0, skipped: 0, setAside: 0, retries: 0 }
  let total: number | undefined = 0
  for (const { kind, counts, total: own } of stages) {
    if (kind !== 'each') continue
    sum.done += counts?.done ?? 0
    sum.skipped += counts?.skipped ?? 0
    sum.setAside += counts?.setAside ?? 0
    sum.retries += counts?.retries ?? 0
    total = own === undefined || total === undefined ? undefined : total + own
  }
  return total === undefined ? sum : { ...sum, total }
}

function attemptReport({ started, lastAt, ended }: AttemptFold): AttemptReport {
  return {
    attempt: started.attempt,
    startedAt: started.time,
    endedAt: ended?.time ?? lastAt,
    state: ended?.state ?? 'crashed',
    ...(ended?.cause === undefined ? {} : { cause: ended.cause }),
    ...(ended?.error === undefined ? {} : { error: ended.error }),
    node: started.node,
    plan: started.plan,
    ...(ended?.proof === undefined ? {} : { proof: ended.proof }),
    ...(ended?.check === undefined ? {} : { check: ended.check }),
  }
}
