import { type ItemSource, type SourceContext, sourceBrand } from './item-source.ts'
import { checkConnection, type PostgresClient, type PostgresConnection, PostgresLink } from './postgres-connection.ts'
import { postgresError } from './postgres-errors.ts'
import { BatchSize, checkQuery, queryRecord, type SqlQueryOptions } from './sql-query.ts'
import { valueBytes } from './sql-row.ts'

/**
 * The rows of a query as items, as the package `pg` gives them, read through a cursor on the server about a megabyte at a time. The transaction that holds the cursor stays open until the last
 * item was begun; it reads only. Each attempt asks again, so the items need a `key`, unless a `fingerprint` says that the result is the same.
 *
 * @example
 * const rows = postgresQuery<Order>('postgres://localhost/shop', 'SELECT * FROM orders WHERE day = $1', ['2026-11-20'])
 * await run.each('score', rows, enrich, { key: order => order.id })
 * @throws WaymarkError `invalid`
 */
export function postgresQuery<R = Record<string, unknown>>(
  connection: PostgresConnection,
  sql: string,
  params: readonly unknown[] = [],
  options: SqlQueryOptions = {},
): ItemSource<R> {
  const from = checkConnection('postgresQuery', connection)
  const query = checkQuery('postgresQuery', sql, params, options)
  const values = [...params]
  const shown = 'postgres:query'
  return {
    [sourceBrand]: true,
    shown,
    open: async context => ({
      record: await queryRecord(shown, query, values, options),
      total: undefined,
      batches: () => batches(from, query, values, { shown, context }),
    }),
  }
}

const cursor = 'waymark_items'

async function* batches(
  from: PostgresConnection,
  query: string,
  values: readonly unknown[],
  { shown, context: { signal } }: { readonly shown: string; readonly context: SourceContext },
): AsyncIterable<readonly unknown[]> {
  const place = { shown, stage: shown }
  const link = new PostgresLink(from, place)
  try {
    yield* rowsOf(link, query, values, signal)
  } catch (error) {
    throw postgresError(error, place)
  } finally {
    await link.close()
  }
}

async function* rowsOf(
  link: PostgresLink,
  query: string,
  values: readonly unknown[],
  signal: AbortSignal,
): AsyncIterable<readonly unknown[]> {
  const client = await link.take()
  // Whoever is told to stop does not wait for a slow query.
  const onAbort = () => void link.abandon(client)
  signal.addEventListener('abort', onAbort, { once: true })
  let open = false
  try {
    signal.throwIfAborted()
    // The items may take long: the server must not end a session that waits for them.
    await client.query('BEGIN READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0')
    open = true
    await client.query(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${query}`, [...values])
    const size = new BatchSize()
    for (;;) {
      const { rows } = await client.query(`FETCH FORWARD ${size.rows} FROM ${cursor}`)
      if (rows.length === 0) return
      size.read(rows.length, valueBytes(rows))
      yield rows
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', onAbort)
    if (open && !signal.aborted) await rollBack(link, client)
    await link.release(client)
  }
}

async function rollBack(link: PostgresLink, client: PostgresClient): Promise<void> {
  try {
    await client.query('ROLLBACK')
  } catch {
    await link.abandon(client)
  }
}
