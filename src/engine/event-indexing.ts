import type { SegmentMark } from '../catalog/catalog.ts'
import type { EventIndexWriter, StreamState } from '../catalog/event-index.ts'
import { decodeAccept } from '../log/accept.ts'
import type { SegmentRecord, SegmentTail } from '../log/log.ts'
import type { Clock } from '../model/clock.ts'
import type { RunRecord } from '../model/records.ts'
import { eventBlocksOf, isRunStream } from './event-blocks-of.ts'
import { decodeRunRecord } from './record-codec.ts'

/** Of one change to the index: its file is locked, and the event loop stands still, so long. */
const mostRecordsInStep = 500
const longestStepMs = 20
/** Records between two looks at the clock. */
const recordsBetweenLooks = 16

/**
 * Puts what a segment has beyond a mark into the index, step by step. A batch may take several steps: the mark moves with the last of them, and whoever goes on from the mark finds what is there already.
 */
export class TailIndexing {
  readonly #tail: SegmentTail
  readonly #clock: Clock
  #mark: SegmentMark | undefined
  /** The batch, and the record of it, that come next. */
  #batch = 0
  #record = 0

  constructor(tail: SegmentTail, before: SegmentMark | undefined, clock: Clock) {
    this.#tail = tail
    this.#mark = before
    this.#clock = clock
  }

  get isDone(): boolean {
    return this.#batch === this.#tail.batches.length
  }

  /** To be called again until {@link isDone}; false if another process was faster. */
  step(writer: EventIndexWriter): boolean {
    const { segment, batches, provenEnd } = this.#tail
    const appliedEnd = this.#mark?.appliedEnd ?? 0
    if ((writer.mark(segment)?.appliedEnd ?? 0) !== appliedEnd) return false
    const streams = new StreamStates(writer)
    const until = this.#clock.monotonicMs() + longestStepMs
    for (let taken = 0; ; ) {
      const batch = batches[this.#batch]
      if (batch === undefined) break
      const record = batch.end <= appliedEnd ? undefined : batch.records[this.#record]
      if (record === undefined) {
        if (batch.end > appliedEnd) this.#mark = { segment, appliedEnd: batch.end, digest: batch.digest, provenEnd: 0 }
        this.#batch++
        this.#record = 0
        continue
      }
      const isLong = taken % recordsBetweenLooks === 0 && taken > 0 && this.#clock.monotonicMs() >= until
      if (taken === mostRecordsInStep || isLong) break
      streams.take(record)
      this.#record++
      taken++
    }
    streams.write()
    const mark = this.#mark
    if (mark !== undefined) writer.setMark({ ...mark, provenEnd: Math.max(mark.provenEnd, Math.min(mark.appliedEnd, provenEnd)) })
    return true
  }
}

/**
 * Follows the streams record by record. Anything but the next record of a stream, a repetition or one that is void (a take-over that leaves something out, records out of order) leaves the stream behind: what counts of
 * it is then read from the log.
 */
class StreamStates {
  readonly #writer: EventIndexWriter
  readonly #states = new Map<string, StreamState | undefined>()

  constructor(writer: EventIndexWriter) {
    this.#writer = writer
  }

  take(record: SegmentRecord): void {
    const { stream } = record
    if (stream === '') return this.#put(record, decodeRunRecord(record.payload), 0)
    const state = this.#state(stream)
    if (state !== undefined && state.behind > 0) return this.#leave(record, state)
    if (record.kind === 'accept') return this.#accept(record, state)
    const { token, sequence } = record
    if (state !== undefined && (token < state.token || (token === state.token && sequence <= state.sequence))) return
    const isNext = state === undefined ? token === 1 && sequence === 1 : token === state.token && sequence === state.sequence + 1
    if (!isNext) return this.#leave(record, state)
    const content = decodeRunRecord(record.payload)
    const attempt = attemptOf(content, state?.attempt ?? 0)
    this.#states.set(stream, { token, sequence, segment: record.position.segment, attempt, behind: 0 })
    this.#put(record, content, attempt)
  }

  write(): void {
    for (const [stream, state] of this.#states) if (state !== undefined) this.#writer.setStream(stream, state)
  }

  #accept(record: SegmentRecord, state: StreamState | undefined): void {
    if (state === undefined) return this.#leave(record, state)
    if (record.token <= state.token) return
    const { base, copies } = decodeAccept(record)
    const isSame = base.token === state.token && base.sequence === state.sequence && base.segment === state.segment
    if (!isSame) return this.#leave(record, state)
    this.#move(copies)
    const { segment } = record.position
    this.#states.set(record.stream, { ...state, token: record.token, sequence: 0, segment })
  }

  /** The copies in a take-over are what lasts of those records; one that is copied may itself hold copies. */
  #move(copies: readonly SegmentRecord[]): void {
    for (const copy of copies) {
      if (copy.kind === 'accept') this.#move(decodeAccept(copy).copies)
      else this.#writer.move(copy.stream, copy.token, copy.sequence, copy.position)
    }
  }

  #leave({ stream, position }: SegmentRecord, state: StreamState | undefined): void {
    const unknown = { token: 0, sequence: 0, segment: position.segment, attempt: 0, behind: 0 }
    const known = state ?? unknown
    this.#states.set(stream, { ...known, segment: position.segment, behind: known.behind + 1 })
  }

  #put(record: SegmentRecord, content: RunRecord, attempt: number): void {
    if (content.type === 'run.created' && isRunStream(record.stream)) this.#writer.setPipeline(record.stream, content.pipeline)
    for (const block of eventBlocksOf(record, content, attempt)) this.#writer.put(block)
  }

  #state(stream: string): StreamState | undefined {
    if (this.#states.has(stream)) return this.#states.get(stream)
    const state = this.#writer.stream(stream)
    this.#states.set(stream, state)
    return state
  }
}

/** The attempt that a record is of, from the one before it. */
export const attemptOf = (record: RunRecord, before: number): number =>
  record.type === 'attempt.started' || record.type === 'attempt.ended' || record.type === 'events.recorded'
    ? record.attempt
    : before
