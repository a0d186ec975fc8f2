import type { StreamEntry, StreamSummary } from '../model/record-stream.ts'
import type { ExportedRecords, ExportRecordsOptions } from './export-record-stream.ts'
import type { StreamFilter, StreamPage, StreamQuery } from './query-record-streams.ts'

/** The streams of entries that runs record: `docs/records.md`. */
export interface RecordStreamQueries {
  /**
   * A page of the entries of record streams (`run.record`): the oldest run first, of a run in the order in which they were recorded. Only those that count, each once, unless `superseded` asks for all.
   *
   * @throws WaymarkError `invalid`, naming the option; `not_found` of the run; `corrupt`
   *
   * @example
   * const { entries, next } = await store.records({ stream: 'quant_validation', pipeline: 'portfolio', limit: 100 })
   */
  records(query?: StreamQuery): Promise<StreamPage>

  /**
   * Every entry that fits, one by one, in bounded memory.
   *
   * @throws WaymarkError `invalid`, naming the option; `not_found` of the run; `corrupt`
   *
   * @example
   * for await (const { entry, artifact } of store.eachRecord({ run: run.id, stream: 'quant_validation' })) console.log(entry, artifact?.id)
   */
  eachRecord(filter?: StreamFilter): AsyncIterableIterator<StreamEntry>

  /**
   * Writes the entries of a run's stream that count into a file of JSON lines, as they were recorded and in their order; and their artifacts, where a folder is named. The file appears whole or not at all.
   *
   * @throws WaymarkError `not_found` of the run or the stream, `conflict` if a file exists and `replace` is not set, `cancelled` by the signal, `disk_full`, `unavailable`, `corrupt`
   *
   * @example
   * await store.exportRecords('checks.jsonl', { run: 'portfolio@last', stream: 'quant_validation', artifacts: 'plots' })
   */
  exportRecords(path: string, options: ExportRecordsOptions): Promise<ExportedRecords>

  /**
   * How many entries each stream of a run has, how many of which `status`, and the newest of them.
   *
   * @param options.tail How many of the newest. Default: `recordTail` of the pipeline, else 3
   * @throws WaymarkError `not_found`, `corrupt`
   */
  recordSummary(run: string, options?: { readonly tail?: number }): Promise<readonly StreamSummary[]>
}
