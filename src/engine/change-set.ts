import type { Catalog, CatalogChange, CatalogExpectation, SegmentMark, StreamHead } from '../catalog/catalog.ts'
import { decodeAccept } from '../log/accept.ts'
import type { Log, SegmentRecord } from '../log/log.ts'
import { applyRecord, stageOf } from '../model/apply-record.ts'
import { throwsAway } from '../model/apply-stage-record.ts'
import { isWaymarkError } from '../model/errors.ts'
import { keepsPosition } from '../model/keeps-position.ts'
import type { RunRecord } from '../model/records.ts'
import type { RunView, StageView } from '../model/run-view.ts'
import type { ScopePath } from '../model/scope.ts'
import { ScopeMap } from '../model/scope-map.ts'
import { decodeFound } from './decode-found.ts'
import { decodeRunRecord } from './record-codec.ts'

/** A batch of the log that the catalog has not seen. */
export interface BatchSource {
  readonly segment: string
  readonly end: number
  readonly digest: string
  readonly provenEnd: number
  readonly records: readonly SegmentRecord[]
}

/** A record that counts, decoded. */
interface CountedRecord extends SegmentRecord {
  readonly content: RunRecord
}

/** The rows that a list of batches changes, gathered so that each is written once. */
export class ChangeSet {
  readonly notices: string[] = []
  readonly #catalog: Catalog
  readonly #log: Log
  readonly #marksBefore: ReadonlyMap<string, SegmentMark>
  readonly #marks = new Map<string, SegmentMark>()
  readonly #headsBefore = new Map<string, StreamHead | undefined>()
  readonly #heads = new Map<string, StreamHead>()
  readonly #runs = new Map<string, RunView | undefined>()
  /** By run; undefined where there is none, or none any more. */
  readonly #stages = new Map<string, ScopeMap<StageView | undefined>>()
  readonly #deletedStages = new Map<string, CatalogChange>()
  readonly #forgotten = new Set<string>()
  readonly #checkpoints: CatalogChange[] = []
  readonly #dirty = new Map<string, string>()

  constructor(catalog: Catalog, log: Log, marks: ReadonlyMap<string, SegmentMark>) {
    this.#catalog = catalog
    this.#log = log
    this.#marksBefore = marks
  }

  async add(...sources: readonly BatchSource[]): Promise<void> {
    await this.#loadHeads(sources.flatMap(({ records }) => records))
    const counted: CountedRecord[] = []
    for (const source of sources) {
      this.#advanceMark(source)
      for (const record of source.records) {
        const verdict = record.stream === '' ? 'apply' : this.#place(record)
        if (verdict === 'dirty') this.#dirty.set(record.stream, source.segment)
        else if (verdict === 'apply') counted.push({ ...record, content: decodeRunRecord(record.payload) })
      }
    }
    await this.#loadViews(counted)
    for (const record of counted) await this.#fold(record)
  }

  #advanceMark({ segment, end, digest, provenEnd }: BatchSource): void {
    const before = this.#marks.get(segment) ?? this.#marksBefore.get(segment)
    this.#marks.set(segment, { segment, appliedEnd: end, digest, provenEnd: Math.max(provenEnd, before?.provenEnd ?? 0) })
  }

  async apply(): Promise<boolean> {
    for (const [stream, segment] of this.#dirty) await this.#replay(stream, segment)
    const changes: CatalogChange[] = []
    for (const stream of this.#forgotten) changes.push({ kind: 'forget-stream', stream })
    for (const run of this.#runs.values()) if (run !== undefined) changes.push({ kind: 'run', run })
    changes.push(...this.#deletedStages.values())
    for (const stages of this.#stages.values()) {
      for (const stage of stages.values()) if (stage !== undefined) changes.push({ kind: 'stage', stage })
    }
    changes.push(...this.#checkpoints)
    for (const [stream, head] of this.#heads) changes.push({ kind: 'head', stream, head })
    for (const mark of this.#marks.values()) changes.push({ kind: 'mark', mark })
    const expect: CatalogExpectation = {
      marks: new Map([...this.#marks.keys()].map(name => [name, this.#marksBefore.get(name)?.appliedEnd ?? 0])),
      heads: this.#headsBefore,
    }
    return this.#catalog.apply(changes, expect)
  }

  async #loadHeads(records: readonly SegmentRecord[]): Promise<void> {
    const unknown = new Set<string>()
    for (const { stream } of records) if (stream !== '' && !this.#headsBefore.has(stream)) unknown.add(stream)
    if (unknown.size === 0) return
    const heads = await this.#catalog.heads([...unknown])
    for (const stream of unknown) {
      const head = heads.get(stream)
      this.#headsBefore.set(stream, head)
      if (head !== undefined) this.#heads.set(stream, head)
    }
  }

  /**
   * Whether a record is the next of its stream. Anything else but a repetition or a void record (a take-over that leaves out or moves records, records out of order) makes the stream be folded anew
   * from what the log says counts.
   */
  #place(record: SegmentRecord): 'apply' | 'skip' | 'dirty' {
    if (this.#dirty.has(record.stream)) return 'skip'
    const head = this.#heads.get(record.stream)
    const next = { token: record.token, sequence: record.sequence, segment: record.position.segment }
    if (record.kind === 'accept') {
      if (head === undefined) return 'dirty'
      if (record.token <= head.token) return 'skip'
      if (!acceptsAll(record, head)) return 'dirty'
      this.#heads.set(record.stream, { ...next, sequence: 0 })
      return 'skip'
    }
    if (head === undefined) {
      if (record.token !== 1 || record.sequence !== 1) return 'dirty'
    } else {
      if (record.token < head.token || (record.token === head.token && record.sequence <= head.sequence)) return 'skip'
      if (record.token !== head.token || record.sequence !== head.sequence + 1) return 'dirty'
    }
    this.#heads.set(record.stream, next)
    return 'apply'
  }

  /** What the catalog knows of the runs and stages that records name: one question for each run. */
  async #loadViews(records: readonly CountedRecord[]): Promise<void> {
    const unknown = new Map<string, Set<ScopePath>>()
    for (const { stream, content } of records) {
      if (stream === '') continue
      if (!this.#runs.has(stream)) this.#runs.set(stream, await this.#catalog.run(stream))
      const path = stageOf(content)
      if (path === undefined || this.#stagesOf(stream).has(path)) continue
      const paths = unknown.get(stream) ?? new Set()
      unknown.set(stream, paths.add(path))
    }
    for (const [run, paths] of unknown) {
      const stages = this.#stagesOf(run)
      for (const path of paths) stages.set(path, undefined)
      for (const stage of await this.#catalog.stages(run, [...paths])) stages.set(stage.path, stage)
    }
  }

  async #fold({ stream, content, position }: Pick<CountedRecord, 'stream' | 'content' | 'position'>): Promise<void> {
    const path = stageOf(content)
    const run = this.#runs.get(stream)
    const stage = path === undefined ? undefined : this.#stagesOf(stream).get(path)
    const inside = path === undefined || !throwsAway(content) ? [] : await this.#inside(stream, path)
    const change = applyRecord(stream, { run, stage, inside }, content, position)
    for (const gone of change.deletedStages ?? []) {
      this.#stagesOf(stream).set(gone, undefined)
      this.#deletedStages.set(`${stream}\n${gone}`, { kind: 'delete-stage', run: stream, path: gone })
    }
    if (change.run !== undefined) this.#runs.set(change.run.id, change.run)
    if (change.stage !== undefined) this.#stagesOf(stream).set(change.stage.path, change.stage)
    if (change.checkpoint !== undefined) this.#checkpoints.push({ kind: 'checkpoint', checkpoint: change.checkpoint })
    if (change.deletedCheckpoint !== undefined) {
      this.#checkpoints.push({ kind: 'delete-checkpoint', id: change.deletedCheckpoint })
    }
    if (change.changedCheckpoint !== undefined) {
      this.#checkpoints.push({ kind: 'change-checkpoint', ...change.changedCheckpoint })
    }
  }

  async #replay(stream: string, segment: string): Promise<void> {
    try {
      const history = await this.#log.history(stream, segment)
      this.#stages.delete(stream)
      this.#runs.set(stream, undefined)
      this.#forgotten.add(stream)
      for (const record of history.records) await this.#fold({ ...record, content: await decodeFound(this.#log, record) })
      const last = history.records.at(-1)
      const sequence = last?.token === history.token ? last.sequence : 0
      this.#heads.set(stream, { token: history.token, sequence, segment: history.segment ?? segment })
    } catch (error) {
      if (!isWaymarkError(error, 'corrupt')) throw error
      this.notices.push(`${stream} cannot be read whole: ${error.message}`)
    }
  }

  /** Asked only for what can be meant: a run may have ten thousand stages, each of which is redone. */
  async #inside(run: string, path: ScopePath): Promise<StageView[]> {
    const changed = this.#stagesOf(run)
    const known = this.#forgotten.has(run) ? [] : await this.#catalog.stages(run, path === '' ? undefined : { inside: path })
    const there = known.filter(stage => !changed.has(stage.path))
    for (const inside of changed.inside(path)) {
      const stage = changed.get(inside)
      if (stage !== undefined) there.push(stage)
    }
    return there
  }

  #stagesOf(run: string): ScopeMap<StageView | undefined> {
    const known = this.#stages.get(run)
    if (known !== undefined) return known
    const stages = new ScopeMap<StageView | undefined>()
    this.#stages.set(run, stages)
    return stages
  }
}

/** Whether a take-over found what was applied so far, all of it and nothing else, and moves nothing of which the views say where it is: ten million items are then not read again. */
function acceptsAll(record: SegmentRecord, head: StreamHead): boolean {
  const { base, copies } = decodeAccept(record)
  const isSame = base.token === head.token && base.sequence === head.sequence && base.segment === head.segment
  return isSame && !copies.some(movesView)
}

/** A take-over that is copied may itself hold copies. */
const movesView = (copy: SegmentRecord): boolean =>
  copy.kind === 'accept' ? decodeAccept(copy).copies.some(movesView) : keepsPosition(decodeRunRecord(copy.payload))
