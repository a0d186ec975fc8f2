import type { EventStatus } from '../model/pipeline-event.ts'
import type { RecordPosition } from '../model/run-view.ts'
import type { ScopePath } from '../model/scope.ts'
import type { SegmentMark } from './catalog.ts'

/** A record of the log that stands for events, or a part of one: its events lie close together in time. */
export interface EventBlock {
  /** Undefined for checkpoints outside of runs. */
  readonly run: string | undefined
  readonly attempt: number | undefined
  readonly stream: string
  readonly token: number
  readonly sequence: number
  readonly position: RecordPosition
  /** Place of its first event among those of the record, and how many there are. */
  readonly from: number
  readonly events: number
  /** Earliest and latest time. */
  readonly first: number
  readonly last: number
}

export interface BlockFacet {
  readonly type: string
  readonly status: EventStatus
  /** The run's own stage (`topOf`) without its key; '' for the run itself. */
  readonly stage: ScopePath
  readonly events: number
}

/** A block as it is put into the index. */
export interface NewEventBlock extends EventBlock {
  readonly facets: readonly BlockFacet[]
}

/** A block as it is found. */
export interface FoundBlock extends EventBlock {
  /** Grows in the order in which blocks came into the index. */
  readonly number: number
  readonly pipeline: string | undefined
}

/** How far the index is with a stream. */
export interface StreamState {
  readonly token: number
  readonly sequence: number
  readonly segment: string
  /** Of the newest attempt. */
  readonly attempt: number
  /** Above 0: what counts of it must be read from the log once more; how many records were passed over since. */
  readonly behind: number
}

/** Which blocks are asked for: each part that is given narrows it. */
export interface BlockQuery {
  readonly run?: string
  readonly pipeline?: string
  readonly types?: readonly string[]
  readonly statuses?: readonly EventStatus[]
  readonly stage?: ScopePath
  /** Bounds of the time of its first event: from this on, and up to this. */
  readonly from: number
  readonly to: number
  readonly newestFirst: boolean
}

export interface EventCount {
  readonly type: string
  readonly status: EventStatus
  readonly events: number
}

/** Place of a block among those of its stream. */
export interface StreamPlace {
  readonly token: number
  readonly sequence: number
  readonly part: number
}

/** What is changed together, or not at all. */
export interface EventIndexWriter {
  mark(segment: string): SegmentMark | undefined
  stream(name: string): StreamState | undefined
  setStream(name: string, state: StreamState): void
  setPipeline(run: string, pipeline: string): void
  /** Puts a block in, or in another place if it is there. */
  put(block: NewEventBlock): void
  /** Puts a record that is there into another place; nothing if it is not. */
  move(stream: string, token: number, sequence: number, position: RecordPosition): void
  /** Looks at some blocks of a stream and removes those that are not among these records, `token:sequence` each; to be called again with the place that is returned, until there is none. */
  keepOnly(stream: string, records: ReadonlySet<string>, mostBlocks: number, after?: StreamPlace): StreamPlace | undefined
  setMark(mark: SegmentMark): void
}

/**
 * Where in the log which events are: a view of it, thrown away and built anew at any time. It holds a row for a record, not for an event.
 */
export interface EventIndex {
  marks(): ReadonlyMap<string, SegmentMark>
  mark(segment: string): SegmentMark | undefined
  /** Streams of which records were passed over. */
  behind(): readonly string[]
  streamState(name: string): StreamState | undefined
  change<T>(work: (writer: EventIndexWriter) => T): T
  /** Forgets a segment that is gone from the log, of its blocks so many at a time. To be called again until it returns true. */
  forget(segment: string, mostBlocks: number): boolean
  /** Begins to empty it: nothing of it says anything any more. */
  clear(): void
  /** Goes on with what {@link clear} began, here or in another process, some rows at a time. To be called again until it returns true; before that nothing is to be asked or put in. */
  goOnClearing(mostRows: number): boolean
  /** Grows whenever any process empties it: what was read before and what is read after do not go together. */
  generation(): number
  /** In order of the time of their first event, read ahead a little at a time; `onRead` is called whenever some were read, before the first of them is given, and may throw. */
  blocks(query: BlockQuery, onRead?: () => void): Iterable<FoundBlock>
  /** Those that came after the block of this number, in the order in which they came; at most `limit`. */
  blocksAfter(number: number, limit: number): readonly FoundBlock[]
  lastNumber(): number
  counts(run: string): readonly EventCount[]
  types(): readonly string[]
  close(): void
}
