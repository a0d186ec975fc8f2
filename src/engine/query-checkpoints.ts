import type { ReadableTable } from '../tables/batch-source.ts'
import { type AskedStore, addressedCheckpoint } from './addressed-checkpoint.ts'
import { explainDamage } from './explain-damage.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import { knownCheckpoint } from './known-checkpoint.ts'
import { lostToDamage } from './lost-to-damage.ts'
import type { QueryResult } from './query-result.ts'
import { type QueryOptions, queryTables } from './query-tables.ts'
import type { NamedTable } from './query-text.ts'
import type { StoreCore } from './store-core.ts'
import { tableInCheckpoint } from './table-in-checkpoint.ts'

export interface StoreQueryOptions extends QueryOptions {
  /** The id of the checkpoint that an address means. Default: that of this id, else the newest of the run or stage. */
  readonly find?: (address: string) => Promise<string>
}

/** Asks the tables that a query names by the addresses of their checkpoints. */
export function queryCheckpoints(
  core: StoreCore,
  store: AskedStore,
  sql: string,
  { find = address => idOf(core, store, address), ...options }: StoreQueryOptions,
): Promise<QueryResult> {
  const tableOf = async ({ address, path }: NamedTable): Promise<ReadableTable> => {
    const view = await knownCheckpoint(
      core,
      await find(address).catch((error: unknown) => {
        throw lostToDamage(core, error)
      }),
    )
    return tableInCheckpoint(core, view, path).catch(error => explainDamage(core, error, view))
  }
  return queryTables(sql, tableOf, options)
}

async function idOf(core: StoreCore, store: AskedStore, address: string): Promise<string> {
  if ((await findCheckpoint(core, address)) !== undefined) return address
  return addressedCheckpoint(store, address)
}
