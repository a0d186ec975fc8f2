import type { BlockFacet, NewEventBlock } from '../catalog/event-index.ts'
import { eventsIn } from '../model/derived-events.ts'
import { mostSpanMs } from '../model/packed-events.ts'
import type { RecordedEvent } from '../model/pipeline-event.ts'
import type { RunRecord } from '../model/records.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { type ScopePath, stageNameOf, topOf } from '../model/scope.ts'

/** A record of the log that counts. */
export interface PlacedRecord {
  readonly stream: string
  readonly token: number
  readonly sequence: number
  readonly position: RecordPosition
}

/** What blocks are found by of a stage: the run's own stage that it is or lies in, whatever its key. */
export const facetStage = (path: ScopePath): ScopePath => stageNameOf(topOf(path))

/** Streams of runs have the run's id; the others are of checkpoints. */
export const isRunStream = (stream: string): boolean => stream !== '' && !stream.startsWith('@')

/**
 * The blocks by which the events of a record are found: one, unless they lie far apart in time.
 *
 * @param attempt of the run when it was recorded, 0 where there was none
 */
export function eventBlocksOf(placed: PlacedRecord, record: RunRecord, attempt: number): readonly NewEventBlock[] {
  const { stream, token, sequence, position } = placed
  const saved = record.type === 'checkpoint.saved' ? record.checkpoint.run : undefined
  const common = {
    ...{ stream, token, sequence, position },
    run: isRunStream(stream) ? stream : saved,
    attempt: attempt === 0 ? undefined : attempt,
  }
  if (record.type === 'events.recorded' && record.last - record.first <= mostSpanMs) {
    const facets = new FacetCounts()
    for (const [type, status, stage, events] of record.facets) facets.add(type, status, stage, events)
    return [{ ...common, from: 0, events: facets.events, first: record.first, last: record.last, facets: facets.list() }]
  }
  const blocks: NewEventBlock[] = []
  const events = eventsIn(record).map(({ event }) => event)
  for (let from = 0; from < events.length; ) {
    const part = nearInTime(events, from)
    blocks.push({ ...common, from, ...part })
    from += part.events
  }
  return blocks
}

function nearInTime(events: readonly RecordedEvent[], from: number): Pick<NewEventBlock, 'events' | 'first' | 'last' | 'facets'> {
  const facets = new FacetCounts()
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let at = from; at < events.length; at++) {
    const event = events[at]
    if (event === undefined || Math.max(last, event.time) - Math.min(first, event.time) > mostSpanMs) break
    first = Math.min(first, event.time)
    last = Math.max(last, event.time)
    facets.add(event.type, event.status, event.stage, 1)
  }
  return { events: facets.events, first, last, facets: facets.list() }
}

class FacetCounts {
  readonly #facets = new Map<string, BlockFacet>()
  events = 0

  add(type: string, status: BlockFacet['status'], path: ScopePath, events: number): void {
    const stage = facetStage(path)
    const key = `${status}\n${type}\n${stage}`
    const before = this.#facets.get(key)?.events ?? 0
    this.#facets.set(key, { type, status, stage, events: before + events })
    this.events += events
  }

  list(): readonly BlockFacet[] {
    return [...this.#facets.values()]
  }
}
