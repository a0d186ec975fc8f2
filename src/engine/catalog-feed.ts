import type { Catalog, CatalogChange, CatalogExpectation, SegmentMark, StreamHead } from '../catalog/catalog.ts'
import { decodeAccept } from '../log/accept.ts'
import type { CommittedBatch, Log, SegmentBatch, SegmentRecord, SegmentTail } from '../log/log.ts'
import type { Clock } from '../model/clock.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { applyRecord, goesWith, type RunView, type StageView, stageOf, throwsAway } from '../model/run-view.ts'
import { decodeRunRecord } from './record-codec.ts'

/** How long a commit of this process may wait before the catalog shows it to others: longer where applying takes long, so that it takes no more than a tenth of the time. */
const flushDelayMs = 50
const mostFlushDelayMs = 500
const delayPerCost = 10
/** Another process may apply the same batches at the same time; more rounds than this mean a defect. */
const maxRounds = 100

/** The catalog is damaged, or SQLite cannot write it (disk full, read-only): the log is all that is needed to go on without that file. */
function isCatalogFault(error: unknown): error is WaymarkError {
  if (!isWaymarkError(error)) return false
  if (error.code === 'corrupt') return error.details['catalog'] === true
  return (error.code === 'disk_full' || error.code === 'unavailable') && error.details['sqliteCode'] !== undefined
}

/** Keeps the catalog in step with the log. Everything goes through one queue, so that batches are applied in order. */
export class CatalogFeed {
  readonly #log: Log
  readonly #clock: Clock
  readonly #reopen: (damaged: Catalog, error: WaymarkError) => Promise<Catalog>
  #catalog: Catalog
  #pending: CommittedBatch[] = []
  #cancelFlush: (() => void) | undefined
  #flushDelayMs = flushDelayMs
  #queue: Promise<unknown> = Promise.resolve()
  readonly #notices = new Set<string>()
  readonly #looked = new Set<string>()

  /** `reopen` sets a damaged catalog aside and opens an empty one. */
  constructor(log: Log, catalog: Catalog, clock: Clock, reopen: (damaged: Catalog, error: WaymarkError) => Promise<Catalog>) {
    this.#log = log
    this.#catalog = catalog
    this.#clock = clock
    this.#reopen = reopen
  }

  /** Damage and repairs the user should know of. */
  notices(): readonly string[] {
    return [...this.#notices]
  }

  /** Something else the user should know of. */
  note(notice: string): void {
    this.#notices.add(notice)
  }

  /** The catalog had to be replaced because of this error. */
  noteReplaced(error: WaymarkError): void {
    this.#notices.add(
      error.code === 'corrupt'
        ? 'the catalog was damaged; it was set aside and built anew from the log, nothing durable was lost'
        : `the catalog cannot be written (${error.message}); this process keeps its own in memory, built from the log`,
    )
  }

  /** A batch of this process is durable: the catalog will show it soon. */
  committed(batch: CommittedBatch): void {
    this.#pending.push(batch)
    this.#cancelFlush ??= this.#clock.after(this.#flushDelayMs, () => void this.flush().catch(() => {}), { background: true })
  }

  /** Applies what this process committed. */
  flush(): Promise<void> {
    return this.#serial(async () => {
      const began = this.#clock.monotonicMs()
      await this.#mending(() => this.#flush())
      const tookMs = this.#clock.monotonicMs() - began
      this.#flushDelayMs = Math.min(mostFlushDelayMs, Math.max(flushDelayMs, tookMs * delayPerCost))
    })
  }

  /** Applies everything any process committed. */
  refresh(): Promise<void> {
    return this.#serial(() =>
      this.#mending(async () => {
        await this.#flush()
        await this.#applyLog()
      }),
    )
  }

  /** Asks the catalog; if it turns out to be damaged, rebuilds it and asks again. */
  query<T>(ask: (catalog: Catalog) => Promise<T>): Promise<T> {
    return this.#serial(() => this.#mending(() => ask(this.#catalog)))
  }

  /** Bytes of a segment the catalog knows to have been durable. */
  async witness(segment: string): Promise<number> {
    const [mark] = await this.#catalog.marks([segment])
    return mark?.provenEnd ?? 0
  }

  async close(): Promise<void> {
    await this.flush().catch(() => {})
    await this.#serial(() => this.#catalog.close())
  }

  #serial<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => {})
    return result
  }

  async #mending<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!isCatalogFault(error)) throw error
      this.#catalog = await this.#reopen(this.#catalog, error)
      this.noteReplaced(error)
      await this.#applyLog()
      return await work()
    }
  }

  async #flush(): Promise<void> {
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    const pending = this.#pending
    this.#pending = []
    if (pending.length === 0) return
    const marks = await this.#marks(pending.map(batch => batch.segment))
    let reread = false
    let sources: BatchSource[] = []
    let end: number | undefined
    for (const batch of pending) {
      end ??= marks.get(batch.segment)?.appliedEnd
      if (end !== undefined && batch.end <= end) continue
      // A gap (a flush before this one failed), a fenced record or a new segment: the log itself tells what comes before.
      if (batch.partial || batch.start !== end || sources.some(s => s.segment !== batch.segment)) {
        reread = true
        break
      }
      sources = [...sources, { ...batch, provenEnd: batch.durableEnd }]
      end = batch.end
    }
    if (reread || !(await this.#apply(sources, marks))) await this.#applyLog(new Set(pending.map(batch => batch.segment)))
    await this.#raiseProven(pending)
  }

  /** What this process was told to be durable is proven, whoever applied it. */
  async #raiseProven(batches: readonly CommittedBatch[]): Promise<void> {
    const last = new Map(batches.map(batch => [batch.segment, batch]))
    const marks = await this.#marks([...last.keys()])
    for (const [segment, batch] of last) {
      const mark = marks.get(segment)
      if (mark === undefined || mark.provenEnd >= batch.durableEnd || mark.appliedEnd < batch.durableEnd) continue
      await this.#catalog.apply([{ kind: 'mark', mark: { ...mark, provenEnd: batch.durableEnd } }], {
        marks: new Map([[segment, mark.appliedEnd]]),
        heads: new Map(),
      })
    }
  }

  /** Reads what is new in the log, in `only` these segments or in all, and applies it. */
  async #applyLog(only?: ReadonlySet<string>): Promise<void> {
    for (let round = 0; round < maxRounds; round++) {
      const marks = await this.#marks(only && [...only])
      const names = (await this.#log.segments()).filter(name => only === undefined || only.has(name))
      let behind = false
      for (const segment of names) {
        const mark = marks.get(segment)
        const isHeld = mark === undefined || (await this.#stillHolds(mark))
        if (isHeld && mark !== undefined && (await this.#log.size(segment)) === mark.appliedEnd) continue
        const tail = await this.#log.tail(segment, mark?.appliedEnd ?? 0)
        const verdict = isHeld ? this.#judge(tail, mark) : 'rebuild'
        if (verdict === 'rebuild') {
          await this.#catalog.clear()
          this.#notices.add('the catalog was ahead of the log; it was built anew from the log')
          behind = true
          break
        }
        if (verdict === 'damaged') continue
        if (!(await this.#apply(sourcesOf(tail, mark?.appliedEnd ?? segmentStart), marks))) behind = true
      }
      if (!behind) {
        if (only === undefined) this.#reportMissing(marks, names)
        return
      }
    }
    throw new WaymarkError('internal', {
      message: 'the catalog could not be brought in step with the log',
      means: 'The log is intact; only the view of it is behind.',
      remedy: 'Close other processes that use the store, delete catalog.sqlite in it, and try again.',
    })
  }

  /**
   * Whether the log has the batches that were applied before anybody knew them to be durable: a power cut, of which this process
   * knows nothing, may have taken them and left the length of the file. Looked at once per segment.
   */
  async #stillHolds(mark: SegmentMark): Promise<boolean> {
    if (this.#looked.has(mark.segment)) return true
    this.#looked.add(mark.segment)
    if (mark.provenEnd >= mark.appliedEnd || (await this.#log.size(mark.segment)) < mark.appliedEnd) return true
    const { batches } = await this.#log.tail(mark.segment, mark.provenEnd, mark.appliedEnd - mark.provenEnd)
    return batches.some(batch => batch.end === mark.appliedEnd && batch.digest === mark.digest)
  }

  #judge(tail: SegmentTail, mark: SegmentMark | undefined): 'apply' | 'damaged' | 'rebuild' {
    if (tail.damage !== undefined) {
      this.#notices.add(`segment ${tail.segment} of the log is damaged at byte ${tail.damage.offset}: ${tail.damage.reason}`)
    }
    const size = tail.end + tail.tornBytes
    if (mark === undefined || size >= mark.appliedEnd) return 'apply'
    if (size < mark.provenEnd) {
      this.#notices.add(`segment ${tail.segment} of the log ends at byte ${size}, but held ${mark.provenEnd}: its end is lost`)
      return 'damaged'
    }
    // Rows of a batch nobody had acknowledged: a power cut took it, and the view must forget it.
    return 'rebuild'
  }

  #reportMissing(marks: ReadonlyMap<string, SegmentMark>, names: readonly string[]): void {
    const present = new Set(names)
    for (const segment of marks.keys()) {
      if (!present.has(segment)) this.#notices.add(`segment ${segment} of the log is missing; what it held cannot be loaded`)
    }
  }

  async #marks(segments?: readonly string[]): Promise<Map<string, SegmentMark>> {
    const wanted = segments && [...new Set(segments)]
    return new Map((await this.#catalog.marks(wanted)).map(mark => [mark.segment, mark]))
  }

  /** Applies batches in one transaction; false if another process was faster. */
  async #apply(sources: readonly BatchSource[], marks: ReadonlyMap<string, SegmentMark>): Promise<boolean> {
    if (sources.length === 0) return true
    const change = new ChangeSet(this.#catalog, this.#log, marks)
    for (const source of sources) await change.add(source)
    const applied = await change.apply()
    for (const notice of change.notices) this.#notices.add(notice)
    return applied
  }
}

const segmentStart = 0

interface BatchSource {
  readonly segment: string
  readonly end: number
  readonly digest: string
  readonly provenEnd: number
  readonly records: readonly SegmentRecord[]
}

function sourcesOf(tail: SegmentTail, appliedEnd: number): BatchSource[] {
  const fresh = tail.batches.filter((batch: SegmentBatch) => batch.end > appliedEnd)
  return fresh.map(batch => ({
    segment: tail.segment,
    end: batch.end,
    digest: batch.digest,
    provenEnd: Math.min(batch.end, tail.provenEnd),
    records: batch.records,
  }))
}

/** The rows that a list of batches changes, gathered so that each is written once. */
class ChangeSet {
  readonly notices: string[] = []
  readonly #catalog: Catalog
  readonly #log: Log
  readonly #marksBefore: ReadonlyMap<string, SegmentMark>
  readonly #marks = new Map<string, SegmentMark>()
  readonly #headsBefore = new Map<string, StreamHead | undefined>()
  readonly #heads = new Map<string, StreamHead>()
  readonly #runs = new Map<string, RunView | undefined>()
  readonly #stages = new Map<string, StageView | undefined>()
  readonly #deletedStages = new Map<string, CatalogChange>()
  readonly #forgotten = new Set<string>()
  readonly #checkpoints: CatalogChange[] = []
  readonly #dirty = new Map<string, string>()

  constructor(catalog: Catalog, log: Log, marks: ReadonlyMap<string, SegmentMark>) {
    this.#catalog = catalog
    this.#log = log
    this.#marksBefore = marks
  }

  async add(source: BatchSource): Promise<void> {
    const before = this.#marks.get(source.segment) ?? this.#marksBefore.get(source.segment)
    this.#marks.set(source.segment, {
      segment: source.segment,
      appliedEnd: source.end,
      digest: source.digest,
      provenEnd: Math.max(source.provenEnd, before?.provenEnd ?? 0),
    })
    await this.#loadHeads(source.records)
    for (const record of source.records) {
      const verdict = record.stream === '' ? 'apply' : this.#place(record)
      if (verdict === 'dirty') this.#dirty.set(record.stream, source.segment)
      else if (verdict === 'apply') await this.#fold(record)
    }
  }

  async apply(): Promise<boolean> {
    for (const [stream, segment] of this.#dirty) await this.#replay(stream, segment)
    const changes: CatalogChange[] = []
    for (const stream of this.#forgotten) changes.push({ kind: 'forget-stream', stream })
    for (const run of this.#runs.values()) if (run !== undefined) changes.push({ kind: 'run', run })
    changes.push(...this.#deletedStages.values())
    for (const stage of this.#stages.values()) if (stage !== undefined) changes.push({ kind: 'stage', stage })
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

  async #fold(record: Pick<SegmentRecord, 'stream' | 'payload' | 'position'>): Promise<void> {
    const content = decodeRunRecord(record.payload)
    const path = stageOf(content)
    const run = record.stream === '' ? undefined : await this.#run(record.stream)
    const stage = path === undefined ? undefined : await this.#stage(record.stream, path)
    const inside = path === undefined || !throwsAway(content) ? [] : await this.#inside(record.stream, path)
    const change = applyRecord(record.stream, { run, stage, inside }, content, record.position)
    for (const gone of change.deletedStages ?? []) {
      const key = stageKey(record.stream, gone)
      this.#stages.set(key, undefined)
      this.#deletedStages.set(key, { kind: 'delete-stage', run: record.stream, path: gone })
    }
    if (change.run !== undefined) this.#runs.set(change.run.id, change.run)
    if (change.stage !== undefined) this.#stages.set(stageKey(record.stream, change.stage.path), change.stage)
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
      for (const key of [...this.#stages.keys()]) if (key.startsWith(`${stream}\n`)) this.#stages.delete(key)
      this.#runs.set(stream, undefined)
      this.#forgotten.add(stream)
      for (const record of history.records) await this.#fold(record)
      const last = history.records.at(-1)
      const sequence = last?.token === history.token ? last.sequence : 0
      this.#heads.set(stream, { token: history.token, sequence, segment: history.segment ?? segment })
    } catch (error) {
      if (!isWaymarkError(error, 'corrupt')) throw error
      this.notices.push(`${stream} cannot be read whole: ${error.message}`)
    }
  }

  async #run(id: string): Promise<RunView | undefined> {
    if (!this.#runs.has(id)) this.#runs.set(id, await this.#catalog.run(id))
    return this.#runs.get(id)
  }

  async #inside(run: string, path: string): Promise<StageView[]> {
    const known = new Map<string, StageView | undefined>()
    if (!this.#forgotten.has(run))
      for (const stage of await this.#catalog.stages(run)) known.set(stageKey(run, stage.path), stage)
    for (const [key, stage] of this.#stages) if (key.startsWith(`${run}\n`)) known.set(key, stage)
    return [...known.values()].flatMap(stage => (stage !== undefined && goesWith(stage.path, path) ? [stage] : []))
  }

  async #stage(run: string, path: string): Promise<StageView | undefined> {
    const key = stageKey(run, path)
    if (this.#stages.has(key)) return this.#stages.get(key)
    const stage = this.#forgotten.has(run) ? undefined : (await this.#catalog.stages(run, [path]))[0]
    this.#stages.set(key, stage)
    return stage
  }
}

/** Whether a take-over found what was applied so far, all of it and nothing else, and leaves it where it is: ten million items are then not read again. */
function acceptsAll(record: SegmentRecord, head: StreamHead): boolean {
  const { base, copies } = decodeAccept(record)
  return copies.length === 0 && base.token === head.token && base.sequence === head.sequence && base.segment === head.segment
}

const stageKey = (run: string, path: string): string => `${run}\n${path}`
