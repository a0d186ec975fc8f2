import type { ExportOptions } from './export-checkpoint.ts'
import type { ImportOptions } from './import-checkpoint.ts'
import type { Checkpoint } from './load-checkpoint.ts'
import type { StoreQueryOptions } from './query-checkpoints.ts'
import type { QueryResult } from './query-result.ts'
import type { WholeFileOptions } from './write-whole-file.ts'

/** Checkpoints as files outside of the store, and as tables of a query. */
export interface ExchangeVerbs {
  /**
   * A checkpoint as the bytes of a file: `wmk`, which {@link importFrom} reads, loses nothing.
   *
   * @param address its id; or `RUN/STAGE`, `RUN/STAGE[KEY]`, `PIPELINE@last/STAGE`: the newest checkpoint of that stage
   * @throws WaymarkError `not_found`, `corrupt` when the damaged piece is reached, `invalid` if a run is named, if it has no such form or JSON cannot hold it
   */
  export(address: string, options?: ExportOptions): AsyncIterableIterator<Uint8Array>

  /**
   * Writes a checkpoint into a file, which appears whole and durable or not at all; resolves to its length in bytes.
   *
   * @throws WaymarkError as {@link export}, `conflict` if the file exists and `replace` is not set, `cancelled` by the signal, `disk_full`, `unavailable`
   */
  exportTo(path: string, address: string, options?: ExportOptions & WholeFileOptions): Promise<number>

  /**
   * Saves what a file or folder holds as a new checkpoint. An exported one is proven to the last byte before it is saved, and keeps what was said of it but its id, its pins and its status.
   *
   * @throws WaymarkError `not_found`, `invalid`, `corrupt`, `unsupported`: nothing was saved; and what `store.save` throws
   */
  importFrom(path: string, options?: ImportOptions): Promise<Checkpoint>

  /**
   * Asks tables in checkpoints a question in SQL, by DuckDB (`npm install @duckdb/node-api`): `checkpoint('ADDRESS')` stands for the table that a checkpoint is or holds, `checkpoint('ADDRESS', 'PATH')` for one of
   * several inside it; an address of a run or stage means its newest checkpoint. Tables are copied into memory; the store is not changed, and the query reaches nothing else.
   *
   * @throws WaymarkError `invalid` with what DuckDB says of the query or if a checkpoint holds no table, `not_found`, `corrupt`, `unsupported`
   *
   * @example
   * const result = await store.query("select ticker, avg(price) from checkpoint('nightly@last/prices') group by 1")
   * console.table(result.objects())
   */
  query(sql: string, options?: StoreQueryOptions): Promise<QueryResult>
}
