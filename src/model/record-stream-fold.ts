import type { EventsRecorded } from './event-records.ts'
import { recordsSupersededType, streamOfType } from './event-types.ts'
import { unpackEvents } from './packed-events.ts'
import type { RecordedEvent } from './pipeline-event.ts'
import { RecordedRun } from './recorded-run.ts'
import type { ItemsRequeued, RunRecord } from './records.ts'
import type { RecordPosition } from './run-view.ts'
import { ancestorsOf, itemPath, type ScopePath } from './scope.ts'

/** An entry with its place among all entries of the run, from 0. */
export interface NumberedEntry {
  readonly number: number
  readonly stream: string
  readonly event: RecordedEvent
}

type RecordsEvent = { readonly stream: string | undefined; readonly event: RecordedEvent }

const isOfStreams = (type: string): boolean => streamOfType(type) !== undefined || type === recordsSupersededType

/** Whether a record holds entries, by what stands at its front. */
export const holdsEntries = ({ facets }: EventsRecorded): boolean => facets.some(([type]) => streamOfType(type) !== undefined)

function streamEvents(record: EventsRecorded): readonly RecordsEvent[] {
  if (!record.facets.some(([type]) => isOfStreams(type))) return []
  return unpackEvents(record, isOfStreams).map(({ event }) => ({ event, stream: streamOfType(event.type) }))
}

/** The entries of a record. @param from Number of the first */
export function numberedEntries(record: EventsRecorded, from: number): readonly NumberedEntry[] {
  return streamEvents(record)
    .flatMap(({ stream, event }) => (stream === undefined ? [] : [{ stream, event }]))
    .map((one, index) => ({ number: from + index, ...one }))
}

/**
 * Which entries of a run count, told from all its records: those that the newest call of their stage or item recorded, or a call that is recorded as finished.
 * What it keeps does not grow with the entries, but with the stages called again and with the items that are not finished.
 */
export class RecordStreamFold {
  readonly #recorded = new RecordedRun()
  #entries = 0
  /** By path: entries of it and of what lies inside it with a lower number were thrown away with it. */
  readonly #thrownAway = new Map<ScopePath, number>()
  /** By path: its own entries with a lower number are of a call that was made again. Not those of its items. */
  readonly #calledAgain = new Map<ScopePath, number>()
  /** Entries of items that may be called again, by stage and item. */
  readonly #open = new Map<ScopePath, Map<string, number[]>>()
  readonly #superseded = new Set<number>()

  get entries(): number {
    return this.#entries
  }

  apply(record: RunRecord, position: RecordPosition): void {
    switch (record.type) {
      // The pipeline's own function is called by every attempt.
      case 'attempt.started':
        this.#calledAgain.set('', this.#entries)
        break
      case 'stage.reset':
        this.#throwAway(record.path)
        break
      case 'stage.started':
        if (record.redo === undefined) this.#callAgain(record.path)
        else this.#throwAway(record.path)
        break
      case 'items.requeued':
        this.#requeue(record)
        break
      case 'events.recorded':
        for (const event of streamEvents(record)) this.#apply(event)
    }
    this.#recorded.apply(record, position)
    if (record.type === 'stage.progress') this.#settle(record.path)
  }

  counts({ number, event: { stage, item } }: NumberedEntry): boolean {
    if (this.#superseded.has(number)) return false
    if (item === undefined && number < (this.#calledAgain.get(stage) ?? 0)) return false
    return ![...ancestorsOf(stage), stage, ''].some(path => number < (this.#thrownAway.get(path) ?? 0))
  }

  #apply({ stream, event: { stage, item } }: RecordsEvent): void {
    if (stream === undefined) {
      this.#callAgain(item === undefined ? stage : itemPath(stage, item))
      if (item === undefined) this.#callItemsAgain(stage)
      else if (!this.#isFinished(stage, item)) this.#supersede(stage, item)
      return
    }
    const number = this.#entries++
    if (item === undefined || this.#isSettled(stage, item)) return
    const open = this.#open.get(stage) ?? new Map<string, number[]>()
    this.#open.set(stage, open)
    const numbers = open.get(item)
    if (numbers === undefined) open.set(item, [number])
    else numbers.push(number)
  }

  /** Its own entries go, and those of stages inside it that are not finished: these are called again too, or never finished. */
  #callAgain(path: ScopePath): void {
    this.#calledAgain.set(path, this.#entries)
    for (const inside of this.#recorded.inside(path))
      if (this.#recorded.stages.get(inside)?.state !== 'completed') this.#calledAgain.set(inside, this.#entries)
  }

  /** What is not recorded as finished by now is called again. Not told by the start of a pass: its output may know of more items than the log. */
  #callItemsAgain(stage: ScopePath): void {
    for (const item of [...(this.#open.get(stage)?.keys() ?? [])])
      if (!this.#isFinished(stage, item)) this.#supersede(stage, item)
  }

  #supersede(stage: ScopePath, item: string): void {
    const open = this.#open.get(stage)
    for (const number of open?.get(item) ?? []) this.#superseded.add(number)
    open?.delete(item)
  }

  #throwAway(path: ScopePath): void {
    this.#thrownAway.set(path, this.#entries)
    for (const one of [path, ...this.#recorded.inside(path)]) this.#open.delete(one)
  }

  #requeue({ path, ranges = [], keys = [] }: ItemsRequeued): void {
    for (const key of keys) this.#supersede(path, key)
    for (const item of [...(this.#open.get(path)?.keys() ?? [])])
      if (ranges.some(([from, to]) => Number(item) >= from && Number(item) <= to)) this.#supersede(path, item)
  }

  /** Those of finished items stay; of items set aside, which can be requeued, they are remembered. */
  #settle(path: ScopePath): void {
    const open = this.#open.get(path)
    for (const item of [...(open?.keys() ?? [])]) if (this.#isSettled(path, item)) open?.delete(item)
  }

  #isFinished(stage: ScopePath, item: string): boolean {
    return this.#recorded.stages.get(stage)?.hasFinished(item) === true
  }

  #isSettled(stage: ScopePath, item: string): boolean {
    return this.#isFinished(stage, item) && this.#recorded.stages.get(stage)?.setAside.has(item) !== true
  }
}
