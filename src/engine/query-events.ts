import type { EventIndex, FoundBlock } from '../catalog/event-index.ts'
import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { sleep } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { eventTest } from '../model/match-event.ts'
import { type EventFilter, eventStatuses, type PipelineEvent } from '../model/pipeline-event.ts'
import { askedRun } from './asked-run.ts'
import type { EventFeed } from './event-feed.ts'
import { checkState, type FoundEvent, fitsBlock, type IndexState, searchEvents, shownEvent, stateOf } from './event-query.ts'
import { EventReader } from './event-reader.ts'
import { IndexEmptied } from './index-emptied.ts'
import { IndexPatience } from './index-patience.ts'
import type { KeptEvents } from './kept-events.ts'
import { learnRunOf } from './learn-run.ts'
import type { StoreCore } from './store-core.ts'

export interface EventQuery extends EventFilter {
  /** Default false: oldest first. */
  readonly newestFirst?: boolean
  /** Events of a page. Default 50. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string
}

export interface EventPage {
  readonly events: readonly PipelineEvent[]
  /** Where the next page begins; absent on the last one. */
  readonly next?: string
}

export interface EachEventOptions extends Omit<EventQuery, 'limit' | 'after'> {
  /** At most so many of those that are there already. Default: all. */
  readonly limit?: number
  /** Only so many of those that are there already, the newest. */
  readonly last?: number
  /** Goes on with events as they are recorded, in the order in which they are found, until the signal aborts. Default false. */
  readonly follow?: boolean
  /** Ends it: `cancelled`. */
  readonly signal?: AbortSignal
}

const defaultLimit = 50
const lookEveryMs = 250
/** Blocks that are looked at at once while following. */
const blocksAtOnce = 256

const textOrList = {
  text: 'a text or a list of texts',
  holds: (value: unknown) => [value].flat().every(one => typeof one === 'string'),
}
const queryRules: OptionRules<EventQuery> = {
  run: optionRules.text,
  pipeline: optionRules.text,
  type: textOrList,
  stage: optionRules.text,
  status: {
    text: `one of ${eventStatuses.join(', ')}, or a list of them`,
    holds: value => [value].flat().every(one => eventStatuses.some(known => known === one)),
  },
  text: optionRules.text,
  since: { text: 'wall milliseconds', holds: value => typeof value === 'number' && !Number.isNaN(value) },
  until: { text: 'wall milliseconds', holds: value => typeof value === 'number' && !Number.isNaN(value) },
  newestFirst: optionRules.flag,
  limit: { text: 'a whole number of at least 1', holds: value => Number.isSafeInteger(value) && Number(value) >= 1 },
  after: optionRules.text,
}
const { after: _after, ...listRules } = queryRules
const eachRules: OptionRules<EachEventOptions> = {
  ...listRules,
  last: queryRules.limit,
  follow: optionRules.flag,
  signal: optionRules.signal,
}

/** A page of the events that fit. */
export async function queryEvents(core: StoreCore, feed: EventFeed, asked: EventQuery): Promise<EventPage> {
  checkOptions('events', asked, queryRules, 'Nothing was read.')
  const query = await withRun(core, feed, asked)
  const { limit = defaultLimit } = query
  return feed.ask(async index => {
    const found: FoundEvent[] = []
    const upTo = stateOf(index)
    // One more than is given tells whether there are more.
    for await (const one of searchEvents(core, feed.kept, index, query, upTo, noteUnreadable(core))) {
      found.push(one)
      if (found.length > limit) break
    }
    checkState(index, upTo)
    const page = found.slice(0, limit)
    await learnRuns(core, page)
    const last = page.at(-1)
    const events = page.map(({ event }) => event)
    return found.length > limit && last !== undefined ? { events, next: last.cursor() } : { events }
  })
}

/** Events that fit, one by one; where it follows, also those to come, each once. */
export async function* eachEvent(
  core: StoreCore,
  feed: EventFeed,
  asked: EachEventOptions,
): AsyncIterableIterator<PipelineEvent> {
  checkOptions('eachEvent', asked, eachRules, 'Nothing was read.')
  const options = await withRun(core, feed, asked)
  const { limit = Number.POSITIVE_INFINITY, last, follow = false, signal } = options
  const learned = new Set<string>()
  const told = async (event: PipelineEvent): Promise<PipelineEvent> => {
    if (signal?.aborted) throw notFollowed(signal.reason)
    if (event.run !== undefined && !learned.has(event.run)) {
      learned.add(event.run)
      await learnRunOf(core, event.run)
    }
    return event
  }
  const search = last === undefined ? options : { ...options, newestFirst: true }
  const newest: PipelineEvent[] = []
  let left = last ?? limit
  let follower: EventFollower | undefined
  let place: FoundEvent | undefined
  const patience = new IndexPatience(core.clock)
  for (let isDone = false; !isDone; ) {
    const held = await feed.hold()
    try {
      const upTo = stateOf(held.index)
      follower = follow ? new EventFollower(core, feed.kept, options, held.index, upTo) : undefined
      const from = place === undefined ? search : { ...search, after: place.cursor() }
      for await (const found of searchEvents(core, feed.kept, held.index, from, upTo, noteUnreadable(core))) {
        place = found
        if (last === undefined) yield await told(found.event)
        else newest.push(found.event)
        if (--left === 0) break
        patience.reset()
      }
      isDone = true
    } catch (error) {
      // In another one it goes on behind the last event that was told.
      await feed.mend(held, error, patience)
    } finally {
      held.release()
    }
  }
  if (options.newestFirst !== true) newest.reverse()
  for (const event of newest) yield await told(event)
  while (follower !== undefined) {
    for (const event of await feed.ask(index => follower.next(index))) yield await told(event)
    if (!follower.isBehind)
      await sleep(core.clock, lookEveryMs, signal).catch(reason => {
        throw notFollowed(reason)
      })
  }
}

/** The filter with the id of the run that it names by its address. */
async function withRun<Filter extends EventFilter>(core: StoreCore, feed: EventFeed, filter: Filter): Promise<Filter> {
  return filter.run === undefined ? filter : { ...filter, run: await askedRun(core, feed, filter.run) }
}

/** Finds what comes into the index. */
class EventFollower {
  readonly #core: StoreCore
  readonly #kept: KeptEvents
  readonly #filter: EventFilter
  #number: number
  readonly #beganAt: number
  #index: EventIndex
  #generation: number
  #isRebuilt = false
  /** The newest record of each stream, and of the stream without owner that of each segment: an index that is built anew gives all of them once more. */
  readonly #seen = new Map<string, readonly [token: number, place: number, from: number]>()
  isBehind = false

  /** @param from What came into the index until then is not told */
  constructor(core: StoreCore, kept: KeptEvents, filter: EventFilter, index: EventIndex, from: IndexState) {
    this.#core = core
    this.#kept = kept
    this.#filter = filter
    this.#index = index
    this.#generation = from.generation
    this.#number = from.lastNumber
    this.#beganAt = core.clock.now()
  }

  async next(index: EventIndex): Promise<readonly PipelineEvent[]> {
    const generation = index.generation()
    const isAnother = this.#index !== index || this.#generation !== generation
    const blocks = index.blocksAfter(isAnother ? 0 : this.#number, blocksAtOnce)
    if (index.generation() !== generation) throw new IndexEmptied()
    if (isAnother) this.#isRebuilt = true
    this.#index = index
    this.#generation = generation
    this.isBehind = blocks.length === blocksAtOnce
    const fits = eventTest(this.#filter)
    const reader = new EventReader(this.#core, this.#kept, false, this.#filter)
    const events: PipelineEvent[] = []
    try {
      for (const block of blocks) {
        this.#number = block.number
        if (!this.#isNew(block) || !fitsBlock(block, this.#filter)) continue
        for (const { event, index: at } of await reader.read(block))
          if (fits(event)) events.push(shownEvent({ event, block, index: at }))
      }
    } finally {
      await reader.close()
    }
    return events
  }

  #isNew({ stream, token, sequence, from, position, last }: FoundBlock): boolean {
    const name = sequence > 0 ? `run ${stream}` : `segment ${position.segment}`
    const place = [token, sequence > 0 ? sequence : position.offset, from] as const
    const before = this.#seen.get(name)
    if (before !== undefined && (place[0] - before[0] || place[1] - before[1] || place[2] - before[2]) <= 0) return false
    // In one that was built anew what was there before is found once more.
    if (before === undefined && this.#isRebuilt && last < this.#beganAt) return false
    this.#seen.set(name, place)
    return true
  }
}

const notFollowed = (cause: unknown): WaymarkError =>
  new WaymarkError('cancelled', {
    message: 'the list of events was stopped by its signal',
    means: 'Nothing was changed.',
    remedy: 'Ask again: what was recorded meanwhile is there.',
    cause,
  })

async function learnRuns(core: StoreCore, found: readonly FoundEvent[]): Promise<void> {
  for (const run of new Set(found.map(({ event }) => event.run))) await learnRunOf(core, run)
}

const noteUnreadable = (core: StoreCore) => (records: number) =>
  core.feed.note(`${records} records of events cannot be read; see what is damaged with: waymark verify`)
