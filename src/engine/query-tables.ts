import type { DuckDBConnection, DuckDBMaterializedResult } from '@duckdb/node-api'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { ReadableTable } from '../tables/batch-source.ts'
import { columnarOfDuckDB } from '../tables/duckdb-result.ts'
import { duckDBLibrary } from './duckdb-library.ts'
import { loadIntoDuckDB } from './duckdb-load.ts'
import { checkQueryNames } from './query-names.ts'
import { QueryResult } from './query-result.ts'
import { type NamedTable, queryText } from './query-text.ts'

export interface QueryOptions {
  /** Lets the query read and write files, and load extensions. Default false: it sees nothing but checkpoints. */
  readonly allowFiles?: boolean
  /** Ends the query with `cancelled`. */
  readonly signal?: AbortSignal
}

/** What spills would go beside the user's files, so nothing does. */
const settings = { temp_directory: '', autoinstall_known_extensions: 'false' }

/**
 * Asks DuckDB about tables, each loaded where the query first names it. Of several statements the result is that of the last.
 *
 * @throws WaymarkError `invalid` with what DuckDB says of the query, `unsupported` if the package is not installed or has no type for a column; and what `tableOf` throws
 */
export async function queryTables(
  query: string,
  tableOf: (table: NamedTable) => Promise<ReadableTable>,
  { allowFiles = false, signal }: QueryOptions = {},
): Promise<QueryResult> {
  const { sql, tables } = queryText(query)
  const library = await duckDBLibrary()
  const database = await library.DuckDBInstance.create(':memory:', settings)
  try {
    const connection = await database.connect()
    let again: NodeJS.Timeout | undefined
    // What has not begun is not interrupted by the first.
    const interrupt = (): void => {
      connection.interrupt()
      again = setInterval(() => connection.interrupt(), 100)
    }
    signal?.addEventListener('abort', interrupt)
    try {
      if (signal?.aborted === true) throw stopped(undefined)
      for (const named of tables) {
        const table = await tableOf(named)
        checkQueryNames(table.fields)
        await loadIntoDuckDB(library, connection, named.name, table)
      }
      if (!allowFiles) await connection.run('SET enable_external_access = false; SET autoload_known_extensions = false')
      await connection.run('SET lock_configuration = true')
      return new QueryResult(await columnarOfDuckDB(await lastResult(connection, sql)))
    } catch (error) {
      if (signal?.aborted === true) throw stopped(error)
      throw isWaymarkError(error) ? error : refusedQuery(error, allowFiles)
    } finally {
      signal?.removeEventListener('abort', interrupt)
      clearInterval(again)
      connection.closeSync()
    }
  } finally {
    database.closeSync()
  }
}

/** The library's own `run` gives that of the first. */
async function lastResult(connection: DuckDBConnection, sql: string): Promise<DuckDBMaterializedResult> {
  const statements = await connection.extractStatements(sql)
  for (let at = 0; ; at++) {
    const prepared = await statements.prepare(at)
    try {
      const result = await prepared.run()
      if (at === statements.count - 1) return result
    } finally {
      prepared.destroySync()
    }
  }
}

const stopped = (cause: unknown): WaymarkError =>
  new WaymarkError('cancelled', {
    message: 'stopped before the query was answered',
    means: 'Nothing was changed.',
    remedy: 'Run the same command again.',
    cause,
  })

function refusedQuery(error: unknown, allowFiles: boolean): WaymarkError {
  const message = error instanceof Error ? error.message : String(error)
  const wantsFiles =
    !allowFiles && /disabled by configuration|external access|lock_configuration|configuration has been locked/i.test(message)
  return new WaymarkError('invalid', {
    message: `DuckDB refuses the query: ${message.replace(/^Failed to extract statements: /, '').trim()}`,
    means: 'Nothing was changed.',
    remedy: wantsFiles
      ? 'Ask of checkpoints only, or let the query reach files with --allow-files.'
      : "Correct the query: select … from checkpoint('RUN/STAGE').",
    cause: error,
  })
}
