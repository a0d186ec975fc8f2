import type { BlockQuery, EventIndex, FoundBlock } from '../catalog/event-index.ts'
import { WaymarkError } from '../model/errors.ts'
import { eventTest, statusesOf, typesOf } from '../model/match-event.ts'
import { mostSpanMs } from '../model/packed-events.ts'
import type { EventFilter, PipelineEvent } from '../model/pipeline-event.ts'
import { facetStage } from './event-blocks-of.ts'
import { EventReader } from './event-reader.ts'
import { comparePlaced, eventsInOrder, type PlacedEvent, placeOf } from './events-in-order.ts'
import { IndexEmptied } from './index-emptied.ts'
import type { KeptEvents } from './kept-events.ts'
import type { StoreCore } from './store-core.ts'

/** What a list of events is made of. */
export interface EventSearch extends EventFilter {
  readonly newestFirst?: boolean
  /** Cursor of the event after which it begins. */
  readonly after?: string
}

export interface FoundEvent {
  readonly event: PipelineEvent
  /** Cursor of this event. */
  readonly cursor: () => string
}

/** What is in the index at a time. */
export interface IndexState {
  readonly generation: number
  readonly lastNumber: number
}

/** The generation first: where it is another one afterwards, the numbers mean nothing. */
export function stateOf(index: EventIndex): IndexState {
  const generation = index.generation()
  return { generation, lastNumber: index.lastNumber() }
}

/** @throws IndexEmptied if the index is not the one any more that `state` tells of */
export function checkState(index: EventIndex, state: IndexState): void {
  if (index.generation() !== state.generation) throw new IndexEmptied()
}

/**
 * The events that fit, in order.
 *
 * @param upTo Blocks that came into the index later are left out
 * @param onUnreadable Called at the end with how many records could not be read, if there were such
 * @throws IndexEmptied if the index is not the one any more that `upTo` tells of
 */
export async function* searchEvents(
  core: StoreCore,
  kept: KeptEvents,
  index: EventIndex,
  search: EventSearch,
  upTo: IndexState,
  onUnreadable: (records: number) => void,
): AsyncIterableIterator<FoundEvent> {
  const newestFirst = search.newestFirst === true
  const after = search.after === undefined ? undefined : decodeCursor(search.after)
  const fits = eventTest(search)
  const isWanted = (placed: PlacedEvent): boolean => {
    if (!fits(placed.event)) return false
    return after === undefined || (newestFirst ? comparePlaced(placed, after) < 0 : comparePlaced(placed, after) > 0)
  }
  const reader = new EventReader(core, kept, newestFirst, search)
  try {
    const read = async (block: FoundBlock): Promise<readonly PlacedEvent[]> =>
      (await reader.read(block)).map(({ event, index: at }) => ({ event, block, index: at })).filter(isWanted)
    const candidates = within(index, blockQuery(search, newestFirst, after?.event.time), search, upTo)
    for await (const placed of eventsInOrder(candidates, newestFirst, read))
      yield { event: shownEvent(placed), cursor: () => encodeCursor(placed) }
    if (reader.unreadable > 0) onUnreadable(reader.unreadable)
  } finally {
    await reader.close()
  }
}

/** Of a block whose events were read: what is asked of it itself. */
export function fitsBlock(block: FoundBlock, { run, pipeline }: EventFilter): boolean {
  return (run === undefined || block.run === run) && (pipeline === undefined || block.pipeline === pipeline)
}

function* within(index: EventIndex, query: BlockQuery, filter: EventFilter, upTo: IndexState): Iterable<FoundBlock> {
  const check = (): void => checkState(index, upTo)
  for (const block of index.blocks(query, check)) if (block.number <= upTo.lastNumber && fitsBlock(block, filter)) yield block
  check()
}

function blockQuery(search: EventSearch, newestFirst: boolean, cursorTime: number | undefined): BlockQuery {
  const { run, pipeline, stage, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = search
  const types = typesOf(search)
  const statuses = statusesOf(search)
  const from = newestFirst ? since : Math.max(since, cursorTime ?? since)
  const to = newestFirst ? Math.min(until, cursorTime ?? until) : until
  return {
    ...(run === undefined ? {} : { run }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(types === undefined ? {} : { types }),
    ...(statuses === undefined ? {} : { statuses }),
    ...(stage === undefined ? {} : { stage: facetStage(stage) }),
    // A block that began earlier may reach into it.
    from: from - mostSpanMs,
    to,
    newestFirst,
  }
}

export function shownEvent({ event, block }: PlacedEvent): PipelineEvent {
  const { type, time, status, stage, item, metadata } = event
  const { run, pipeline, attempt } = block
  return {
    type,
    time,
    status,
    ...(run === undefined ? {} : { run }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(stage === '' ? {} : { stage }),
    ...(item === undefined ? {} : { item }),
    metadata,
  }
}

function encodeCursor({ event, block, index }: PlacedEvent): string {
  const place = [event.time, block.stream, block.token, block.sequence, placeOf(block), index]
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** @throws WaymarkError `invalid` */
function decodeCursor(cursor: string): PlacedEvent {
  const [time, stream, token, sequence, place, index] = partsOf(cursor)
  if (
    typeof time !== 'number' ||
    typeof stream !== 'string' ||
    typeof token !== 'number' ||
    typeof sequence !== 'number' ||
    typeof place !== 'string' ||
    typeof index !== 'number'
  )
    throw badCursor(cursor)
  const [segment = '', offset = '0'] = place.split(':')
  const position = { segment, offset: Number(offset), length: 0 }
  const block = { number: 0, run: undefined, pipeline: undefined, attempt: undefined, stream, token, sequence, position }
  return {
    event: { type: '', time, status: 'info', stage: '', metadata: {} },
    block: { ...block, from: 0, events: 0, first: time, last: time },
    index,
  }
}

function partsOf(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(parts) ? parts : []
  } catch {
    return []
  }
}

const badCursor = (cursor: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${JSON.stringify(cursor.slice(0, 50))} is no place in a list of events`,
    means: 'Nothing was read.',
    remedy: 'Pass `next` of the page before, as it was given.',
    details: { option: 'after' },
  })
