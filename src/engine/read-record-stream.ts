import type { FoundRecord } from '../log/log.ts'
import type { EventsRecorded } from '../model/event-records.ts'
import { entryParts, type StreamEntry } from '../model/record-stream.ts'
import { holdsEntries, type NumberedEntry, numberedEntries, RecordStreamFold } from '../model/record-stream-fold.ts'
import type { RunView } from '../model/run-view.ts'
import { decodeFound } from './decode-found.ts'
import { forkHistory, ownHistory } from './fork-history.ts'
import { learnRunOf } from './learn-run.ts'
import type { StoreCore } from './store-core.ts'

/** A record of the log that holds entries. */
interface EntriesRecord {
  readonly found: FoundRecord
  /** Number of its first entry. */
  readonly from: number
  /** Of another run, which this one was forked from. */
  readonly isInherited: boolean
}

/** Shorter payloads are not read a second time: each would be an opening of a file. */
const keptBytes = 1024

const withoutLong = (found: FoundRecord): FoundRecord =>
  found.payload !== undefined && found.payload.length > keptBytes ? { ...found, payload: undefined } : found

/** The entries of one run and which of them count. Reads the run's records twice, one at a time: what it holds does not grow with the entries. */
export class RunEntries {
  readonly #core: StoreCore
  readonly #run: Pick<RunView, 'id' | 'pipeline'>
  readonly #fold = new RecordStreamFold()
  readonly #records: EntriesRecord[] = []

  private constructor(core: StoreCore, run: Pick<RunView, 'id' | 'pipeline'>) {
    this.#core = core
    this.#run = run
  }

  /**
   * Reads all that is recorded of a run, and before it, where it was forked, what it was forked with.
   *
   * @throws WaymarkError `corrupt` if something of it cannot be read
   */
  static async of(core: StoreCore, run: Pick<RunView, 'id' | 'pipeline'>): Promise<RunEntries> {
    const entries = new RunEntries(core, run)
    await learnRunOf(core, run.id)
    for (const found of await forkHistory(core, await ownHistory(core, run.id))) {
      const record = await decodeFound(core.log, found)
      if (record.type === 'events.recorded' && holdsEntries(record))
        entries.#records.push({ found: withoutLong(found), from: entries.#fold.entries, isInherited: found.stream !== run.id })
      entries.#fold.apply(record, found.position)
    }
    return entries
  }

  get isEmpty(): boolean {
    return this.#records.length === 0
  }

  /**
   * In the order in which they were recorded.
   *
   * @param after Number of the entry behind which it begins
   */
  async *each(
    how: { readonly after?: number; readonly withSuperseded?: boolean; readonly withInherited?: boolean } = {},
  ): AsyncIterableIterator<{ readonly number: number; readonly entry: StreamEntry }> {
    const { after = -1, withSuperseded = false, withInherited = true } = how
    for (const [index, { found, from, isInherited }] of this.#records.entries()) {
      const next = this.#records[index + 1]?.from ?? this.#fold.entries
      if (next <= after + 1 || (isInherited && !withInherited)) continue
      const record = await decodeFound(this.#core.log, found)
      if (record.type !== 'events.recorded') continue
      for (const one of numberedEntries(record, from)) {
        const counts = this.#fold.counts(one)
        if (one.number <= after || (!counts && !withSuperseded)) continue
        yield { number: one.number, entry: this.#shown(record, one, counts) }
      }
    }
  }

  #shown({ attempt }: EventsRecorded, { stream, event }: NumberedEntry, counts: boolean): StreamEntry {
    const { time, stage, item, metadata } = event
    const { id, pipeline } = this.#run
    return {
      stream,
      time,
      run: id,
      pipeline,
      attempt,
      ...(stage === '' ? {} : { stage }),
      ...(item === undefined ? {} : { item }),
      ...entryParts(metadata),
      ...(counts ? {} : { superseded: true }),
    }
  }
}
