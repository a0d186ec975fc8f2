import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { ColumnarTable } from '../tables/columnar.ts'
import { columnarOfDuckDB } from '../tables/duckdb-result.ts'
import { duckDBLibrary } from './duckdb-library.ts'
import { loadIntoDuckDB } from './duckdb-load.ts'
import { QueryResult } from './query-result.ts'
import { type NamedTable, queryText } from './query-text.ts'

export interface QueryOptions {
  /** Lets the query read and write files, and load extensions. Default false: it sees nothing but checkpoints. */
  readonly allowFiles?: boolean
}

/** What spills would go beside the user's files, so nothing does. */
const settings = { temp_directory: '', autoinstall_known_extensions: 'false' }

/**
 * Asks DuckDB about tables, each loaded where the query first names it.
 *
 * @throws WaymarkError `invalid` with what DuckDB says of the query, `unsupported` if the package is not installed or has no type for a column; and what `tableOf` throws
 */
export async function queryTables(
  query: string,
  tableOf: (table: NamedTable) => Promise<ColumnarTable>,
  { allowFiles = false }: QueryOptions = {},
): Promise<QueryResult> {
  const { sql, tables } = queryText(query)
  const library = await duckDBLibrary()
  const database = await library.DuckDBInstance.create(':memory:', settings)
  try {
    const connection = await database.connect()
    try {
      for (const table of tables) await loadIntoDuckDB(library, connection, table.name, await tableOf(table))
      if (!allowFiles) await connection.run('SET enable_external_access = false; SET autoload_known_extensions = false')
      await connection.run('SET lock_configuration = true')
      return new QueryResult(await columnarOfDuckDB(await connection.run(sql)))
    } catch (error) {
      throw isWaymarkError(error) ? error : refusedQuery(error, allowFiles)
    } finally {
      connection.closeSync()
    }
  } finally {
    database.closeSync()
  }
}

function refusedQuery(error: unknown, allowFiles: boolean): WaymarkError {
  const message = error instanceof Error ? error.message : String(error)
  const wantsFiles =
    !allowFiles && /disabled by configuration|external access|lock_configuration|configuration has been locked/i.test(message)
  return new WaymarkError('invalid', {
    message: `DuckDB refuses the query: ${message.trim()}`,
    means: 'Nothing was changed.',
    remedy: wantsFiles
      ? 'Ask of checkpoints only, or let the query reach files with --allow-files.'
      : "Correct the query: select … from checkpoint('RUN/STAGE').",
    cause: error,
  })
}
