import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { WaymarkError } from '../model/errors.ts'
import { streamOfType } from '../model/event-types.ts'
import { isOfStage } from '../model/match-event.ts'
import type { StreamEntry } from '../model/record-stream.ts'
import type { RunView } from '../model/run-view.ts'
import { allRuns } from './all-pages.ts'
import { askedRun } from './asked-run.ts'
import type { EventFeed } from './event-feed.ts'
import { keptEntries } from './kept-entries.ts'
import { RunEntries } from './read-record-stream.ts'
import type { StoreCore } from './store-core.ts'

/** Which entries are asked for: each part that is given narrows it. */
export interface StreamFilter {
  readonly stream?: string
  /** The run's id or address (`PIPELINE@last`). Of a fork also what counts of the run it was made from. */
  readonly run?: string
  readonly pipeline?: string
  /** A stage with everything inside it; `STAGE[KEY]` is one item of it. */
  readonly stage?: string
  /** Not earlier than this, in wall milliseconds. */
  readonly since?: number
  /** Earlier than this. */
  readonly until?: number
  /** Also entries that do not count any more, each with `superseded`. Default false. */
  readonly superseded?: boolean
}

export interface StreamQuery extends StreamFilter {
  /** Entries of a page. Default 50. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string
}

export interface StreamPage {
  readonly entries: readonly StreamEntry[]
  /** Where the next page begins; absent on the last one. */
  readonly next?: string
}

const defaultLimit = 50
const wallMs = { text: 'wall milliseconds', holds: (value: unknown) => typeof value === 'number' && !Number.isNaN(value) }

const filterRules: OptionRules<StreamFilter> = {
  stream: optionRules.text,
  run: optionRules.text,
  pipeline: optionRules.text,
  stage: optionRules.text,
  since: wallMs,
  until: wallMs,
  superseded: optionRules.flag,
}
const queryRules: OptionRules<StreamQuery> = {
  ...filterRules,
  limit: { text: 'a whole number of at least 1', holds: value => Number.isSafeInteger(value) && Number(value) >= 1 },
  after: optionRules.text,
}

/** Place of an entry among those of the store. */
interface Place {
  readonly createdAt: number
  readonly run: string
  readonly number: number
}

/** A page of the entries that fit. */
export async function queryRecordStreams(core: StoreCore, events: EventFeed, query: StreamQuery): Promise<StreamPage> {
  checkOptions('records', query, queryRules, 'Nothing was read.')
  const { limit = defaultLimit } = query
  const after = query.after === undefined ? undefined : placeOf(query.after)
  const kept = keptEntries(core)
  const entries: StreamEntry[] = []
  let last: Place | undefined
  try {
    for await (const { place, entry } of found(core, events, query, after, run => kept.of(run))) {
      // One more than is given tells whether there are more.
      if (entries.length === limit && last !== undefined) return { entries, next: cursorOf(last) }
      entries.push(entry)
      last = place
    }
  } catch (error) {
    // What it was read from may be elsewhere by now.
    kept.clear()
    throw error
  }
  kept.clear()
  return { entries }
}

/** Every entry that fits, one by one. */
export async function* eachRecordEntry(
  core: StoreCore,
  events: EventFeed,
  filter: StreamFilter,
): AsyncIterableIterator<StreamEntry> {
  checkOptions('eachRecord', filter, filterRules, 'Nothing was read.')
  for await (const { entry } of found(core, events, filter, undefined, run => RunEntries.of(core, run))) yield entry
}

async function* found(
  core: StoreCore,
  events: EventFeed,
  filter: StreamFilter,
  after: Place | undefined,
  entriesOf: (run: RunView) => Promise<RunEntries>,
): AsyncIterableIterator<{ readonly place: Place; readonly entry: StreamEntry }> {
  await core.feed.refresh()
  const isWanted = entryTest(filter)
  const withSuperseded = filter.superseded === true
  // Of all runs every entry is one of the run that recorded it, and stands there once.
  const withInherited = filter.run !== undefined
  for (const run of await runsAsked(core, events, filter)) {
    if (after !== undefined && compareRuns(run, { createdAt: after.createdAt, id: after.run }) < 0) continue
    if (filter.run === undefined && !(await hasEntries(events, run.id, filter.stream))) continue
    const begin = after?.run === run.id ? { after: after.number } : {}
    const entries = await entriesOf(run)
    for await (const { number, entry } of entries.each({ ...begin, withSuperseded, withInherited }))
      if (isWanted(entry)) yield { place: { createdAt: run.createdAt, run: run.id, number }, entry }
  }
}

/** The oldest first. */
async function runsAsked(core: StoreCore, events: EventFeed, { run, pipeline }: StreamFilter): Promise<readonly RunView[]> {
  if (run !== undefined) {
    const id = await askedRun(core, events, run)
    const view = await core.feed.query(catalog => catalog.run(id))
    return view === undefined || (pipeline !== undefined && view.pipeline !== pipeline) ? [] : [view]
  }
  const runs: RunView[] = []
  for await (const one of allRuns(core, pipeline === undefined ? {} : { pipeline })) runs.push(one)
  return runs.sort(compareRuns)
}

const compareRuns = (one: Pick<RunView, 'createdAt' | 'id'>, two: Pick<RunView, 'createdAt' | 'id'>): number =>
  one.createdAt - two.createdAt || (one.id < two.id ? -1 : one.id > two.id ? 1 : 0)

/** As the index of events knows it: most runs need not be read. */
async function hasEntries(events: EventFeed, run: string, wanted: string | undefined): Promise<boolean> {
  const counts = await events.ask(async index => index.counts(run))
  return counts.some(({ type }) => {
    const stream = streamOfType(type)
    return stream !== undefined && (wanted === undefined || stream === wanted)
  })
}

function entryTest(filter: StreamFilter): (entry: StreamEntry) => boolean {
  const { stream, stage, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter
  return entry =>
    (stream === undefined || entry.stream === stream) &&
    entry.time >= since &&
    entry.time < until &&
    (stage === undefined || (entry.stage !== undefined && isOfStage({ ...entry, stage: entry.stage }, stage)))
}

const cursorOf = ({ createdAt, run, number }: Place): string =>
  Buffer.from(JSON.stringify([createdAt, run, number])).toString('base64url')

/** @throws WaymarkError `invalid` */
function placeOf(cursor: string): Place {
  const [createdAt, run, number] = partsOf(cursor)
  if (typeof createdAt === 'number' && typeof run === 'string' && typeof number === 'number') return { createdAt, run, number }
  throw new WaymarkError('invalid', {
    message: `${JSON.stringify(cursor.slice(0, 50))} is no place in a list of entries`,
    means: 'Nothing was read.',
    remedy: 'Pass `next` of the page before, as it was given.',
    details: { option: 'after' },
  })
}

function partsOf(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(parts) ? parts : []
  } catch {
    return []
  }
}
