import type { Catalog, SegmentMark } from '../catalog/catalog.ts'
import type { CommittedBatch, Log, SegmentBatch, SegmentTail } from '../log/log.ts'
import { checkpointView } from '../model/checkpoint-view.ts'
import type { Clock } from '../model/clock.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { CheckpointView, RecordPosition } from '../model/run-view.ts'
import { type BatchSource, ChangeSet } from './change-set.ts'
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
  /** Checkpoints whose records are among those of `#pending`. */
  readonly #unflushed = new Map<string, RecordPosition>()
  #cancelFlush: (() => void) | undefined
  #flushDelayMs = flushDelayMs
  #replacing = false
  #queue: Promise<unknown> = Promise.resolve()
  readonly #notices = new Set<string>()
  readonly #damage = new Set<string>()
  readonly #looked = new Set<string>()
  /** Milliseconds spent on records of the streams for which that is measured. */
  readonly #spentMs = new Map<string, number>()

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

  /** What of the log was found damaged: a catalog that was filled from it lacks what stood there. */
  damage(): readonly string[] {
    return [...this.#damage]
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

  /** The record at `position` makes a checkpoint, of which this process has just been told that it is durable. */
  saved(id: string, position: RecordPosition): void {
    this.#unflushed.set(id, position)
  }

  /**
   * A checkpoint of this process that the catalog does not have yet, as its record says: who loads what was just saved need not wait for a transaction. Undefined for all others. Whoever deletes or changes a
   * checkpoint looks it up in the catalog first, and so has put it there: as long as it is not, nobody has said anything of it.
   */
  async justSaved(id: string): Promise<CheckpointView | undefined> {
    if (!this.#unflushed.has(id)) return undefined
    return this.query(async catalog => {
      const position = this.#unflushed.get(id)
      if (position === undefined) return undefined
      const { segment, offset } = position
      const [mark] = await catalog.marks([segment])
      if (mark !== undefined && mark.appliedEnd > offset) return undefined
      const batch = this.#pending.find(one => one.segment === segment && one.start <= offset && offset < one.end)
      const saved = batch?.records.find(record => record.position.offset === offset)
      const content = saved && decodeRunRecord(saved.payload)
      const isSaved = content?.type === 'checkpoint.saved' && content.checkpoint.id === id
      return isSaved ? checkpointView(content.checkpoint, position) : undefined
    })
  }

  /**
   * Measures from now on how long it takes to put the records of a stream into the catalog: of a transaction for several streams, its share by records. Returns what tells the milliseconds so far, and ends the measuring.
   */
  measure(stream: string): { readonly ms: () => number; readonly end: () => void } {
    this.#spentMs.set(stream, 0)
    return { ms: () => this.#spentMs.get(stream) ?? 0, end: () => this.#spentMs.delete(stream) }
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
    // While it is replaced there is none to ask.
    if (this.#replacing) return 0
    try {
      const [mark] = await this.#catalog.marks([segment])
      return mark?.provenEnd ?? 0
    } catch (error) {
      // It knows nothing that the log has not, and whoever asks it next mends it: what is read of the log is not to be called damaged for it.
      if (isCatalogFault(error)) return 0
      throw error
    }
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
      this.#replacing = true
      try {
        this.#catalog = await this.#reopen(this.#catalog, error)
      } finally {
        this.#replacing = false
      }
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
    this.#unflushed.clear()
    if (pending.length === 0) return
    const began = this.#clock.monotonicMs()
    await this.#applyPending(pending)
    this.#share(pending, this.#clock.monotonicMs() - began)
  }

  #share(batches: readonly CommittedBatch[], spentMs: number): void {
    if (this.#spentMs.size === 0) return
    const records = batches.flatMap(batch => batch.records)
    for (const { stream } of records) {
      const known = this.#spentMs.get(stream)
      if (known !== undefined) this.#spentMs.set(stream, known + spentMs / records.length)
    }
  }

  async #applyPending(pending: readonly CommittedBatch[]): Promise<void> {
    const marks = await this.#marks(pending.map(batch => batch.segment))
    let reread = false
    const sources: BatchSource[] = []
    let end: number | undefined
    for (const batch of pending) {
      end ??= marks.get(batch.segment)?.appliedEnd
      if (end !== undefined && batch.end <= end) continue
      // A gap (a flush before this one failed), a fenced record or a new segment: the log itself tells what comes before.
      if (batch.partial || batch.start !== end || sources.some(s => s.segment !== batch.segment)) {
        reread = true
        break
      }
      sources.push({ ...batch, provenEnd: batch.durableEnd })
      end = batch.end
    }
    const applied = !reread && (await this.#apply(sources, marks))
    // What was applied here is as proven as it was told.
    if (applied && sources.length === pending.length) return
    if (!applied) await this.#applyLog(new Set(pending.map(batch => batch.segment)))
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
      const told = `segment ${tail.segment} of the log is damaged at byte ${tail.damage.offset}: ${tail.damage.reason}`
      this.#notices.add(told)
      this.#damage.add(told)
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
    for (const group of groupsOf(sources)) await change.add(...group)
    const applied = await change.apply()
    for (const notice of change.notices) this.#notices.add(notice)
    return applied
  }
}

const segmentStart = 0

/** Records that are decoded before the first of them is applied, so that the catalog is asked for all their stages at once: as many as a busy process commits between two flushes. */
const recordsAhead = 1_000

function* groupsOf(sources: readonly BatchSource[]): Iterable<readonly BatchSource[]> {
  let group: BatchSource[] = []
  let records = 0
  for (const source of sources) {
    if (group.length > 0 && records + source.records.length > recordsAhead) {
      yield group
      group = []
      records = 0
    }
    group.push(source)
    records += source.records.length
  }
  if (group.length > 0) yield group
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
