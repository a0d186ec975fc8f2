import type { FoundBlock } from '../catalog/event-index.ts'
import type { OpenFile } from '../files/file-system.ts'
import { decodeRecord } from '../log/segment-format.ts'
import { eventsIn } from '../model/derived-events.ts'
import { isWaymarkError } from '../model/errors.ts'
import { soughtTexts } from '../model/event-texts.ts'
import { statusesOf, typesOf } from '../model/match-event.ts'
import type { FacetTest, UnpackedEvent } from '../model/packed-events.ts'
import type { EventFilter } from '../model/pipeline-event.ts'
import { learnItems } from './learn-items.ts'
import { decodeRunRecord } from './record-codec.ts'
import type { StoreCore } from './store-core.ts'

/** Bytes read ahead: little for a page, more where a whole log is gone through. */
const leastWindow = 64 << 10
/** Records so near one another are read together: a gap costs less than another read. */
const nearBytes = 256 << 10
const mostWindow = 1 << 20
const mostOpenFiles = 8

interface OpenSegment {
  readonly file: OpenFile
  window: Buffer
  start: number
  nextLength: number
}

/** Reads the records behind blocks, many from one read of the file where they lie close together. To be closed. */
export class EventReader {
  readonly #core: StoreCore
  readonly #newestFirst: boolean
  /** Bytes one of which a record must hold; undefined: any record may be meant. */
  readonly #sought: readonly Buffer[] | undefined
  readonly #isWanted: FacetTest
  readonly #open = new Map<string, OpenSegment>()
  /** Records that could not be read. */
  unreadable = 0

  /** @param filter What is asked of the events: those that do not fit need not be given */
  constructor(core: StoreCore, newestFirst: boolean, filter: EventFilter) {
    this.#core = core
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
      const payload = await this.#payload(block)
      // Of other records the events are derived, and say more than the record.
      if (this.#sought?.some(bytes => payload.includes(bytes)) === false && isEventsRecord(payload)) return []
      const record = decodeRunRecord(payload)
      // The errors of items may tell of what they hold.
      if (record.type === 'stage.progress') learnItems(this.#core.redaction, record.setAside)
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

  async #payload({ stream, token, sequence, position }: FoundBlock): Promise<Buffer> {
    const frame =
      this.#core.seals === undefined ? await this.#frame(position.segment, position.offset, position.length) : undefined
    const record = frame && decodeRecord(frame)
    const isIt = record?.kind === 'data' && record.stream === stream && record.token === token && record.sequence === sequence
    // Sealed, or elsewhere by now: the log knows.
    const { payload } = isIt ? record : await this.#core.log.read(position)
    return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  }

  async #frame(segment: string, offset: number, length: number): Promise<Buffer | undefined> {
    const open = await this.#segment(segment)
    if (open === undefined) return undefined
    if (offset < open.start || offset + length > open.start + open.window.length) {
      // Going on where it was: more is read ahead. Here and there: only what is asked for.
      const end = open.start + open.window.length
      const gap = this.#newestFirst ? open.start - offset - length : offset - end
      open.nextLength = gap >= 0 && gap <= nearBytes ? Math.min(mostWindow, open.nextLength * 4) : leastWindow
      const wanted = Math.max(length, open.nextLength)
      open.start = this.#newestFirst ? Math.max(0, offset + length - wanted) : offset
      const bytes = await open.file.read(open.start, wanted)
      open.window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    return open.window.subarray(offset - open.start, offset - open.start + length)
  }

  async #segment(segment: string): Promise<OpenSegment | undefined> {
    const known = this.#open.get(segment)
    if (known !== undefined) return known
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
    const open = { file, window: Buffer.alloc(0), start: 0, nextLength: leastWindow }
    this.#open.set(segment, open)
    return open
  }
}

const typeOfEvents = Buffer.from('events.recorded')
/** The type is the first thing in the bytes of a record. */
const typeEndsBefore = 64

const isEventsRecord = (payload: Buffer): boolean => payload.subarray(0, typeEndsBefore).includes(typeOfEvents)
