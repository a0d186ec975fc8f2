import type { FoundBlock } from '../catalog/event-index.ts'
import type { OpenFile } from '../files/file-system.ts'
import { decodeRecord } from '../log/segment-format.ts'
import { eventsIn } from '../model/derived-events.ts'
import { isWaymarkError } from '../model/errors.ts'
import { soughtTexts } from '../model/event-texts.ts'
import { statusesOf, typesOf } from '../model/match-event.ts'
import type { FacetTest, UnpackedEvent } from '../model/packed-events.ts'
import type { EventFilter } from '../model/pipeline-event.ts'
import type { RunRecord } from '../model/records.ts'
import type { RecordPosition } from '../model/run-view.ts'
import type { KeptEvents } from './kept-events.ts'
import { learnItems } from './learn-items.ts'
import { decodeRunRecord } from './record-codec.ts'
import type { StoreCore } from './store-core.ts'

/** Bytes read ahead where records are read one behind the other: more and more, as a whole log may be gone through. */
const leastAhead = 64 << 10
const mostAhead = 1 << 20
/** Records so near one another are read together: a gap costs less than another read. */
const nearBytes = 256 << 10
const mostOpenFiles = 8

interface OpenSegment {
  readonly file: OpenFile
  window: Buffer
  start: number
  /** Bytes of the window that were asked for. */
  used: number
  /** How much was read ahead. */
  ahead: number
}

/** Reads the records behind blocks, many from one read of the file where they lie close together. To be closed. */
export class EventReader {
  readonly #core: StoreCore
  readonly #kept: KeptEvents
  readonly #newestFirst: boolean
  /** Bytes one of which a record must hold; undefined: any record may be meant. */
  readonly #sought: readonly Buffer[] | undefined
  readonly #isWanted: FacetTest
  readonly #open = new Map<string, OpenSegment>()
  /** Records that could not be read. */
  unreadable = 0

  /** @param filter What is asked of the events: those that do not fit need not be given */
  constructor(core: StoreCore, kept: KeptEvents, newestFirst: boolean, filter: EventFilter) {
    this.#core = core
    this.#kept = kept
    const { text } = filter
    const types = typesOf(filter)
    const statuses = statusesOf(filter)
    this.#isWanted = (type, status) => types?.includes(type) !== false && statuses?.includes(status) !== false
    this.#newestFirst = newestFirst
    // Half a character has no bytes of its own.
    this.#sought = text?.isWellFormed() === true ? soughtTexts(text).map(one => Buffer.from(one)) : undefined
  }

  /** The events of a block; none if its record says nothing of the text that is asked for. */
  async read(block: FoundBlock): Promise<readonly UnpackedEvent[]> {
    try {
      const record = this.#kept.of(block) ?? (await this.#record(block))
      if (record === undefined) return []
      const end = block.from + block.events
      return eventsIn(record, this.#isWanted).filter(({ index }) => index >= block.from && index < end)
    } catch (error) {
      if (!isWaymarkError(error, 'corrupt')) throw error
      this.unreadable++
      return []
    }
  }

  async close(): Promise<void> {
    for (const { file } of this.#open.values()) await file.close()
    this.#open.clear()
  }

  /** Undefined: it says nothing of the text that is asked for. */
  async #record(block: FoundBlock): Promise<RunRecord | undefined> {
    const payload = await this.#payload(block)
    // Of other records the events are derived, and say more than the record.
    if (this.#sought?.some(bytes => payload.includes(bytes)) === false && isEventsRecord(payload)) return undefined
    const record = decodeRunRecord(payload)
    // The errors of items may tell of what they hold.
    if (record.type === 'stage.progress') learnItems(this.#core.redaction, record.setAside)
    // Whoever looks for a text may go through all there is; and what is sealed is not kept in the open.
    if (record.type === 'events.recorded' && this.#sought === undefined && this.#core.seals === undefined)
      this.#kept.keep(block, record)
    return record
  }

  async #payload({ stream, token, sequence, position }: FoundBlock): Promise<Buffer> {
    // Of a sealed store the log knows.
    const frame = this.#core.seals === undefined ? (this.#held(position) ?? (await this.#readAt(position))) : undefined
    const record = frame && decodeRecord(frame)
    const isIt = record?.kind === 'data' && record.stream === stream && record.token === token && record.sequence === sequence
    // Elsewhere by now: the log knows that too.
    const { payload } = isIt ? record : await this.#core.log.read(position)
    return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  }

  /** The bytes of a record, if they are among those that were read last. */
  #held({ segment, offset, length }: RecordPosition): Buffer | undefined {
    const open = this.#open.get(segment)
    if (open === undefined || offset < open.start || offset + length > open.start + open.window.length) return undefined
    open.used += length
    return open.window.subarray(offset - open.start, offset - open.start + length)
  }

  async #readAt({ segment, offset, length }: RecordPosition): Promise<Buffer | undefined> {
    const open = this.#open.get(segment) ?? (await this.#opened(segment))
    if (open === undefined) return undefined
    open.ahead = this.#goesOn(open, offset, length) ? Math.min(mostAhead, Math.max(leastAhead, open.ahead * 4)) : 0
    const wanted = Math.max(length, open.ahead)
    const start = this.#newestFirst ? Math.max(0, offset + length - wanted) : offset
    const bytes = await open.file.read(start, wanted)
    open.window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    open.start = start
    open.used = length
    return open.window.subarray(offset - open.start, offset - open.start + length)
  }

  /** Whether most of what was read was asked for, and this comes soon behind it: of records here and there nothing but they themselves is read. */
  #goesOn({ window, start, used }: OpenSegment, offset: number, length: number): boolean {
    const gap = this.#newestFirst ? start - offset - length : offset - start - window.length
    // Below 0: a part of it was read.
    return gap > -length && gap <= Math.min(nearBytes, used) && used * 2 >= window.length
  }

  async #opened(segment: string): Promise<OpenSegment | undefined> {
    if (this.#open.size === mostOpenFiles) {
      for (const [name, { file }] of this.#open) {
        this.#open.delete(name)
        await file.close()
        break
      }
    }
    const { files, path } = this.#core
    const file = await files.open(`${path}/segments/${segment}.seg`, 'read').catch(() => undefined)
    if (file === undefined) return undefined
    const open = { file, window: Buffer.alloc(0), start: 0, used: 0, ahead: 0 }
    this.#open.set(segment, open)
    return open
  }
}

const typeOfEvents = Buffer.from('events.recorded')
/** The type is the first thing in the bytes of a record. */
const typeEndsBefore = 64

const isEventsRecord = (payload: Buffer): boolean => payload.subarray(0, typeEndsBefore).includes(typeOfEvents)
