import type { EventMetadata } from '../model/pipeline-event.ts'
import type { WaymarkRecords } from '../model/waymark-records.ts'
import type { ArtifactSource } from './record-stream-artifact.ts'

export interface RecordOptions {
  /** Kept as a checkpoint of type `artifact`, and named in the entry: both are there, or neither. */
  readonly artifact?: ArtifactSource
}

/** What an entry of a stream is: as {@link WaymarkRecords} says, or any plain object. */
export type RecordArguments<Stream extends string> = Stream extends keyof WaymarkRecords
  ? readonly [entry: WaymarkRecords[Stream], options?: RecordOptions]
  : readonly [entry: EventMetadata, options?: RecordOptions]

/** How the work appends entries to streams. Run, attempt, stage, item and time are filled in. */
export interface RecordStreamVerbs {
  /**
   * Appends an entry to a stream. When the promise resolves it is as safe as the other records of the run (`durability`). Await it: an entry counts once, however often its stage or item is called; see
   * `docs/records.md`.
   *
   * @param stream A name of your own: 1 to 64 letters, digits, `_`, `-` and `.`.
   * @param entry A plain object of what JSON can say, at most 32 KiB of it. Its property `status`, if it is a text, is what the end of the run counts by; it must have none called `artifact`.
   * @throws WaymarkError `invalid` with the path of what cannot be recorded, `not_found` if the artifact's file is not there: then nothing is recorded; `disk_full`, `unavailable`, `fenced`
   *
   * @example
   * await run.record('quant_validation', { ticker: 'AAPL', status: 'pass' }, { artifact: { name: 'AAPL.png', path: 'plots/AAPL.png' } })
   */
  record<Stream extends string>(stream: Stream, ...rest: RecordArguments<Stream>): Promise<void>
}
