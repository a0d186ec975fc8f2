import type { SegmentMark } from '../catalog/catalog.ts'
import type { EventIndex, EventIndexWriter, NewEventBlock, StreamPlace } from '../catalog/event-index.ts'
import { isIndexBusy } from '../catalog/index-busy.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { decodeFound } from './decode-found.ts'
import { eventBlocksOf, isRunStream } from './event-blocks-of.ts'
import { attemptOf, TailIndexing } from './event-indexing.ts'
import { EventLoopTurns } from './event-loop-turns.ts'
import { IndexEmptied } from './index-emptied.ts'
import { IndexPatience } from './index-patience.ts'
import { KeptEvents } from './kept-events.ts'
import { type HeldIndex, SharedIndex } from './shared-index.ts'
import { storeClosed } from './store-closed.ts'
import type { StoreCore } from './store-core.ts'

/** Bytes of a segment that are read at once. */
const readBytes = 256 << 10
/** Blocks that are put into the index, or removed from it, in one change: its file is locked, and the event loop stands still, so long. */
const blocksInStep = 250
/** Other processes may be at it too; more rounds than this mean a defect. */
const maxRounds = 100

/** Brings the index of events in step with the log when somebody asks: whoever writes pays nothing for it. */
export class EventFeed {
  readonly kept = new KeptEvents()
  readonly #core: StoreCore
  #shared: SharedIndex | undefined
  /** Why the one before could not be used. */
  #fault: WaymarkError | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #isClosed = false
  /** Segments whose end was compared with what the index knows of it. */
  readonly #looked = new Set<string>()
  /** How far behind streams were that cannot be read. */
  readonly #unreadable = new Map<string, number>()

  constructor(core: StoreCore) {
    this.#core = core
  }

  /** Asks the index once everything that any process committed is in it. A damaged one is set aside and built anew, and asked again. */
  async ask<T>(question: (index: EventIndex) => Promise<T>): Promise<T> {
    const patience = new IndexPatience(this.#core.clock)
    for (;;) {
      const held = await this.hold()
      try {
        return await question(held.index)
      } catch (error) {
        await this.mend(held, error, patience)
      } finally {
        held.release()
      }
    }
  }

  /** The index in step with the log, for more than one question: it stays as it is until it is released, also if another takes its place. */
  hold(): Promise<HeldIndex> {
    const result = this.#queue.then(() => this.#inStep())
    this.#queue = result.catch(() => {})
    return result
  }

  /** Resolves if it is worth while to {@link hold} the index anew and to ask again. @throws `error` if not */
  async mend({ index }: HeldIndex, error: unknown, patience: IndexPatience): Promise<void> {
    const fault = indexFault(error)
    if (fault === undefined && !(error instanceof IndexEmptied)) throw error
    await patience.bear(error)
    if (fault !== undefined && !isIndexBusy(fault)) this.#retire(index, fault)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#queue
    this.#shared?.index.close()
  }

  async #inStep(): Promise<HeldIndex> {
    const patience = new IndexPatience(this.#core.clock)
    for (let round = 0; ; ) {
      if (this.#isClosed) throw storeClosed(this.#core.path)
      let held: HeldIndex | undefined
      try {
        held = (await this.#opened()).hold()
        if (await this.#catchUp(held.index)) return held
        held.release()
        if (round++ === maxRounds) throw neverInStep(this.#core)
      } catch (error) {
        held?.release()
        const fault = indexFault(error)
        if (fault === undefined) throw error
        await patience.bear(fault)
        if (!isIndexBusy(fault)) this.#retire(held?.index, fault)
      }
    }
  }

  async #opened(): Promise<SharedIndex> {
    if (this.#shared !== undefined) return this.#shared
    const fault = this.#fault
    this.#shared = new SharedIndex(await this.#core.openEventIndex(fault))
    this.#fault = undefined
    if (fault === undefined) return this.#shared
    this.#core.feed.note(
      fault.code === 'corrupt'
        ? 'the index of events was damaged; it was set aside and built anew from the log, nothing durable was lost'
        : `the index of events cannot be written (${fault.message}); this process keeps its own in memory`,
    )
    return this.#shared
  }

  /** @param index The one that cannot be used; undefined: it could not be opened */
  #retire(index: EventIndex | undefined, fault: WaymarkError): void {
    // Somebody else was first.
    if (this.#shared?.index !== index) return
    this.#shared?.retire()
    this.#shared = undefined
    this.#fault = fault
    this.#looked.clear()
  }

  /** False: something came between, and it has to be done again. */
  async #catchUp(index: EventIndex): Promise<boolean> {
    const { log, clock } = this.#core
    const turns = new EventLoopTurns(clock)
    // Asked first: where another process empties it meanwhile, nothing is put in.
    const generation = index.generation()
    while (!index.goOnClearing(blocksInStep)) await turns.take()
    const marks = index.marks()
    const segments = await log.segments()
    const present = new Set(segments)
    for (const segment of marks.keys()) {
      if (present.has(segment)) continue
      this.kept.clear()
      while (!index.forget(segment, blocksInStep)) await turns.take()
    }
    for (const segment of segments) {
      const mark = marks.get(segment)
      if (mark !== undefined && !(await this.#stillHolds(mark))) {
        // A power cut took what nobody had been told of, and other batches may stand there now.
        index.clear()
        this.#looked.clear()
        this.kept.clear()
        return false
      }
      if (!(await this.#catchUpSegment(index, generation, segment, mark))) return false
    }
    for (const stream of index.behind()) if (!(await this.#replay(index, generation, stream))) return false
    return true
  }

  async #catchUpSegment(
    index: EventIndex,
    generation: number,
    segment: string,
    known: SegmentMark | undefined,
  ): Promise<boolean> {
    const { log, clock } = this.#core
    const turns = new EventLoopTurns(clock)
    let mark = known
    for (let from = mark?.appliedEnd ?? 0; (await log.size(segment)) > from; ) {
      const tail = await log.tail(segment, from, readBytes)
      const indexing = new TailIndexing(tail, mark, clock)
      do {
        if (!index.change(writer => index.generation() === generation && indexing.step(writer))) return false
        await turns.take()
      } while (!indexing.isDone)
      if (tail.more !== true) return true
      mark = index.mark(segment)
      from = Math.max(tail.end, mark?.appliedEnd ?? 0)
    }
    return true
  }

  async #stillHolds(mark: SegmentMark): Promise<boolean> {
    if (this.#looked.has(mark.segment)) return true
    this.#looked.add(mark.segment)
    const size = await this.#core.log.size(mark.segment)
    // What once was durable and is gone is damage, of which the catalog tells.
    if (mark.provenEnd >= mark.appliedEnd || size < mark.provenEnd) return true
    const { batches } = await this.#core.log.tail(mark.segment, mark.provenEnd, mark.appliedEnd - mark.provenEnd)
    return batches.some(batch => batch.end === mark.appliedEnd && batch.digest === mark.digest)
  }

  /** Reads what counts of a stream from the log, and puts it in the place of what the index had of it. */
  async #replay(index: EventIndex, generation: number, stream: string): Promise<boolean> {
    const state = index.streamState(stream)
    if (state === undefined || state.behind === 0 || this.#unreadable.get(stream) === state.behind) return true
    const { log, feed, clock } = this.#core
    const turns = new EventLoopTurns(clock)
    try {
      const history = await log.history(stream, state.segment)
      const blocks: NewEventBlock[] = []
      let attempt = 0
      let pipeline: string | undefined
      for (const found of history.records) {
        if (turns.isDue()) await turns.take()
        const record = await decodeFound(log, found)
        if (record.type === 'run.created') pipeline = record.pipeline
        attempt = attemptOf(record, attempt)
        blocks.push(...eventBlocksOf(found, record, attempt))
      }
      const last = history.records.at(-1)
      const sequence = last?.token === history.token ? last.sequence : 0
      const next = { token: history.token, sequence, segment: history.segment ?? state.segment, attempt, behind: 0 }
      // False: somebody else was at the stream meanwhile.
      const change = (work: (writer: EventIndexWriter) => void): boolean =>
        index.change(writer => {
          if (index.generation() !== generation || writer.stream(stream)?.behind !== state.behind) return false
          work(writer)
          return true
        })
      const runOf = pipeline
      // First: the blocks to come are put in with it.
      if (runOf !== undefined && isRunStream(stream) && !change(writer => writer.setPipeline(stream, runOf))) return false
      // What is there twice meanwhile was there before, until what does not count is taken away.
      for (let at = 0; at < blocks.length; at += blocksInStep) {
        const isPut = change(writer => {
          for (const block of blocks.slice(at, at + blocksInStep)) writer.put(block)
        })
        if (!isPut) return false
        await turns.take()
      }
      const counting = new Set(blocks.map(block => `${block.token}:${block.sequence}`))
      let place: StreamPlace | undefined
      do {
        const isDone = change(writer => {
          place = writer.keepOnly(stream, counting, blocksInStep, place)
        })
        if (!isDone) return false
        await turns.take()
      } while (place !== undefined)
      return change(writer => writer.setStream(stream, next))
    } catch (error) {
      if (!isWaymarkError(error, 'corrupt') || indexFault(error) !== undefined) throw error
      this.#unreadable.set(stream, state.behind)
      feed.note(`events of ${stream} may be missing: ${error.message}`)
      return true
    }
  }
}

/** Set where the index is damaged, or SQLite cannot write it. */
function indexFault(error: unknown): WaymarkError | undefined {
  if (!isWaymarkError(error)) return undefined
  const isWriteFault = error.code === 'disk_full' || error.code === 'unavailable'
  const isFault = isWriteFault
    ? error.details['sqliteCode'] !== undefined
    : error.code === 'corrupt' && error.details['catalog'] === true
  return isFault ? error : undefined
}

const neverInStep = ({ path }: StoreCore): WaymarkError =>
  new WaymarkError('internal', {
    message: 'the index of events could not be brought in step with the log',
    means: 'The log is intact; only the view of it is behind.',
    remedy: `Close other processes that use the store, delete ${path}/events.sqlite, and try again.`,
  })
