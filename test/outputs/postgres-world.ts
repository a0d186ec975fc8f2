import type { TestContext } from 'node:test'
import pg from 'pg'
import { type PostgresConnection, postgresTable } from 'waymark'
import type { PostgresServer } from '../postgres.ts'
import type { SqlWorld } from './sql-world.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface PostgresWorld extends SqlWorld {
  /** A connection string whose tables are this test's own. */
  readonly url: string
  /** The same over another connection. */
  with(connection: PostgresConnection): SqlWorld
}

let schemas = 0

/** A schema of one database for each test. */
export async function postgresWorld(t: TestContext, database: string): Promise<PostgresWorld> {
  const baseDirectory = await temporaryFolder(t)
  const schema = `test_${++schemas}`
  const url = `${database}?options=${encodeURIComponent(`-c search_path=${schema}`)}`
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  pool.on('error', () => {})
  t.after(() => pool.end())
  await pool.query(`CREATE SCHEMA ${schema}`)
  const over = (connection: PostgresConnection): SqlWorld => ({
    baseDirectory,
    target: options => postgresTable(connection, options),
    rows: async sql => (await pool.query(sql)).rows,
  })
  return { ...over(url), url, with: over }
}

/** The database of one file's tests, made when the first one needs it. */
export function sharedDatabase(server: PostgresServer | undefined): () => Promise<string> {
  let database: Promise<string> | undefined
  return async () => {
    database ??= server?.database()
    if (database === undefined) throw new Error('there is no PostgreSQL')
    return database
  }
}
