import { WaymarkError } from './errors.ts'
import type { EventFacet, EventsRecorded } from './event-records.ts'
import { parseJson } from './parse-json.ts'
import type { EventMetadata, EventStatus, RecordedEvent } from './pipeline-event.ts'
import type { ScopePath } from './scope.ts'

/** Bounds of one record. A reader finds events by records, so they stay small; their times lie close together, so that few records have to be put in order at once. */
export const mostEventsInRecord = 256
export const mostBytesInRecord = 64 * 1024
export const mostSpanMs = 50

/** An event with its metadata as the JSON that is recorded. */
export interface PackableEvent {
  readonly type: string
  readonly time: number
  readonly status: EventStatus
  readonly stage: ScopePath
  readonly item: string | undefined
  readonly json: string
}

/** Gathers events for one record. */
export class EventPack {
  readonly #facets = new Map<string, { readonly place: number; readonly facet: EventFacet; count: number }>()
  readonly #lines: string[] = []
  #length = 0
  #first = 0
  #last = 0

  get isEmpty(): boolean {
    return this.#lines.length === 0
  }

  /** Bytes of its lines. */
  get length(): number {
    return this.#length
  }

  /** False where the record would hold too much, or too long a time; the first one always fits. */
  add({ type, time, status, stage, item, json }: PackableEvent): boolean {
    const first = this.isEmpty ? time : Math.min(this.#first, time)
    const last = this.isEmpty ? time : Math.max(this.#last, time)
    if (this.#lines.length === mostEventsInRecord || (last - first > mostSpanMs && !this.isEmpty)) return false
    const key = `${status}\n${type}\n${stage}`
    const known = this.#facets.get(key) ?? { place: this.#facets.size, facet: [type, status, stage, 0] as const, count: 0 }
    const line = `[${time},${known.place},${item === undefined ? 'null' : JSON.stringify(item)},${json}]\n`
    const length = this.#length + Buffer.byteLength(line)
    if (length > mostBytesInRecord && !this.isEmpty) return false
    this.#facets.set(key, known)
    known.count++
    this.#lines.push(line)
    this.#length = length
    this.#first = first
    this.#last = last
    return true
  }

  record(time: number, attempt: number): EventsRecorded {
    const facets = [...this.#facets.values()].map(
      ({ facet: [type, status, stage], count }) => [type, status, stage, count] as const,
    )
    return {
      type: 'events.recorded',
      time,
      attempt,
      first: this.#first,
      last: this.#last,
      facets,
      lines: Buffer.from(this.#lines.join('')),
    }
  }
}

/** An event of a record, with its place among those of the record. */
export interface UnpackedEvent {
  readonly index: number
  readonly event: RecordedEvent
}

/** Of which kind the events are that are asked for. */
export type FacetTest = (type: string, status: EventStatus) => boolean

/**
 * The events of a record, in the order in which they were recorded; of others than those that are wanted, of which there may be hundreds beside one that is, nothing but the beginning of the line is read.
 *
 * @throws WaymarkError `corrupt` if its lines are not what a writer of this format leaves
 */
export function unpackEvents({ facets, lines }: EventsRecorded, isWanted: FacetTest = () => true): readonly UnpackedEvent[] {
  const wanted = facets.map(([type, status]) => isWanted(type, status))
  try {
    const found: UnpackedEvent[] = []
    // No character of a line is a line feed, nor a part of one.
    const text = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString('utf8')
    let left = facets.reduce((sum, [, , , events], place) => sum + (wanted[place] === false ? 0 : events), 0)
    for (let from = 0, index = 0; from < text.length && left > 0; index++) {
      const end = text.indexOf('\n', from)
      if (end < 0) throw new TypeError('a line is cut')
      if (wanted[placeIn(text, from)] !== false) {
        found.push({ index, event: unpacked(parseJson(text.slice(from, end)), facets) })
        left--
      }
      from = end + 1
    }
    return found
  } catch (cause) {
    throw new WaymarkError('corrupt', {
      message: 'a record of events does not add up',
      means: 'Its events cannot be shown; everything else of the run is not affected.',
      remedy: 'Keep the store as it is and report this: a checksum matched bytes that make no sense.',
      cause,
    })
  }
}

const comma = 0x2c
const zero = 0x30

/** The number behind the first comma of a line. */
function placeIn(text: string, from: number): number {
  let place = 0
  for (let at = text.indexOf(',', from) + 1; text.charCodeAt(at) !== comma; at++) {
    const digit = text.charCodeAt(at) - zero
    if (!(digit >= 0 && digit <= 9)) throw new TypeError('a line without the place of its facet')
    place = place * 10 + digit
  }
  return place
}

function unpacked(line: unknown, facets: readonly EventFacet[]): RecordedEvent {
  const [time, place, item, metadata]: readonly unknown[] = Array.isArray(line) ? line : []
  const facet = typeof place === 'number' ? facets[place] : undefined
  if (typeof time !== 'number' || facet === undefined || !isMetadata(metadata)) throw new TypeError('not an event')
  const [type, status, stage] = facet
  return { type, time, status, stage, ...(typeof item === 'string' ? { item } : {}), metadata }
}

const isMetadata = (value: unknown): value is EventMetadata =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
