import type { FoundBlock } from '../catalog/event-index.ts'
import { mostSpanMs } from '../model/packed-events.ts'
import type { RecordedEvent } from '../model/pipeline-event.ts'
import { Heap } from '../tables/heap.ts'

/** An event with what it is told apart and put in order by. */
export interface PlacedEvent {
  readonly event: RecordedEvent
  readonly block: FoundBlock
  /** Place among the events of its record. */
  readonly index: number
}

/** By time; of one time by their records, in a run as they were recorded. The same in every process, whenever it is asked. */
export function comparePlaced(one: PlacedEvent, two: PlacedEvent): number {
  return (
    one.event.time - two.event.time ||
    compareTexts(one.block.stream, two.block.stream) ||
    one.block.token - two.block.token ||
    one.block.sequence - two.block.sequence ||
    compareTexts(placeOf(one.block), placeOf(two.block)) ||
    one.index - two.index
  )
}

const compareTexts = (one: string, two: string): number => (one < two ? -1 : one > two ? 1 : 0)

/** Only of the stream without owner, whose records have no numbers. */
export const placeOf = ({ sequence, position }: FoundBlock): string =>
  sequence > 0 ? '' : `${position.segment}:${String(position.offset).padStart(16, '0')}`

/**
 * Events in order of their time, from blocks that come in order of their first event. A block is read only when nothing before it can be earlier any more, so a page of events reads the records of a page.
 *
 * @param read The events of a block that are asked for
 */
export async function* eventsInOrder(
  blocks: Iterable<FoundBlock>,
  newestFirst: boolean,
  read: (block: FoundBlock) => Promise<readonly PlacedEvent[]>,
): AsyncIterableIterator<PlacedEvent> {
  const sign = newestFirst ? -1 : 1
  const events = new Heap<PlacedEvent>([], (one, two) => sign * comparePlaced(one, two) < 0)
  // The time from which on a block can have events, seen from the end that is read first.
  const reach = (block: FoundBlock): number => (newestFirst ? -block.last : block.first)
  // Of those that reach as far as each other, in the order in which they lie in the file.
  const isSooner = (one: FoundBlock, two: FoundBlock): boolean =>
    (reach(one) - reach(two) || sign * (one.number - two.number)) < 0
  const waiting = new Heap<FoundBlock>([], isSooner)
  const source = blocks[Symbol.iterator]()
  let ahead = source.next()
  for (;;) {
    const next = events.least
    const block = waiting.least
    const time = next === undefined ? Number.POSITIVE_INFINITY : sign * next.event.time
    const reached = block === undefined ? Number.POSITIVE_INFINITY : reach(block)
    // Blocks come by their first event, and span no more than this.
    const unseen = ahead.done === true ? Number.POSITIVE_INFINITY : sign * ahead.value.first - (newestFirst ? mostSpanMs : 0)
    if (unseen <= time && unseen <= reached && ahead.done !== true) {
      waiting.add(ahead.value)
      ahead = source.next()
    } else if (block !== undefined && reached <= time) {
      waiting.removeLeast()
      for (const event of await read(block)) events.add(event)
    } else if (next !== undefined) {
      events.removeLeast()
      yield next
    } else return
  }
}
