import type * as waymark from 'waymark'
import type * as zod from 'zod'

// What stands around the examples that are fragments of a pipeline's function: the names of the package, and the run.

declare global {
  const pipeline: typeof waymark.pipeline
  const open: typeof waymark.open
  const jsonl: typeof waymark.jsonl
  const csv: typeof waymark.csv
  const parquet: typeof waymark.parquet
  const folder: typeof waymark.folder
  const callback: typeof waymark.callback
  const sqliteTable: typeof waymark.sqliteTable
  const postgresTable: typeof waymark.postgresTable
  const sqliteQuery: typeof waymark.sqliteQuery
  const postgresQuery: typeof waymark.postgresQuery
  const codec: typeof waymark.codec
  const table: typeof waymark.table
  const arrowTableFrom: typeof waymark.arrowTableFrom
  const connection: { run(sql: string): Promise<object> }
  const mergeValues: typeof waymark.mergeValues
  const placeOf: typeof waymark.placeOf
  const makeKeyFile: typeof waymark.makeKeyFile
  const keyFile: typeof waymark.keyFile
  const keyVariable: typeof waymark.keyVariable
  const keyCommand: typeof waymark.keyCommand
  const awsKms: typeof waymark.awsKms
  const vaultTransit: typeof waymark.vaultTransit
  const passphrase: typeof waymark.passphrase
  const WaymarkError: typeof waymark.WaymarkError
  const z: typeof zod.z
  const run: waymark.Run
  const store: waymark.Store
  const orders: waymark.StageResult<Order[]>
  const orderReport: waymark.Pipeline<{ day: string }, number>
  function fetchRows(day?: string, limit?: number): Promise<{ readonly id: string }[]>
  function postTotal(total: { readonly id: string }, options: { readonly key: string }): Promise<void>
  function totalsOf(region: string): Promise<number>
  function post(
    order: Order,
    options: { key: string; signal: AbortSignal },
  ): Promise<{ status: number; retryAfterMs: number; id: string }>
  function fetchDetail(id: string): Promise<{ lines: { id: string; price: number }[] }>
  function openBatch(id: string, startedAt: Date, receipt: string): Promise<void>
  function compute(): Promise<number[]>
}
