import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { postgresQuery, postgresTable } from 'waymark'
import { nodeFiles } from '../../src/files/node-files.ts'
import { startPostgres } from '../postgres.ts'
import { postgresWorld, sharedDatabase } from './postgres-world.ts'
import { type QueryWorld, sqlQuerySuite } from './sql-query-suite.ts'

const server = await startPostgres()
const skip = server === undefined && 'no PostgreSQL'
const database = sharedDatabase(server)

async function makeWorld(t: TestContext): Promise<QueryWorld & { readonly url: string }> {
  const { url, rows, baseDirectory } = await postgresWorld(t, await database())
  return {
    url,
    folder: baseDirectory,
    rows,
    query: (sql, params, options) => postgresQuery(url, sql, params, options),
    table: name => postgresTable(url, { table: name }),
    numbers: (n, length) => `SELECT n, repeat('x', ${length}) AS text FROM generate_series(1, ${n}) AS n`,
  }
}

sqlQuerySuite(makeWorld, { skip })

test('parameters are bound, and values come as pg gives them', { skip }, async t => {
  const { query, folder } = await makeWorld(t)
  const source = query('SELECT $1::text AS text, $2::int + 1 AS next, $3::jsonb AS doc, 2::bigint AS big', [
    "'; DROP",
    4,
    { a: 1 },
  ])
  const opened = await source.open({ files: nodeFiles, baseDirectory: folder, signal: new AbortController().signal })
  for await (const batch of opened.batches()) assert.deepEqual(batch, [{ text: "'; DROP", next: 5, doc: { a: 1 }, big: '2' }])
})

test('an abort does not wait for a slow query, and a pool gets no client back that is still busy', { skip }, async t => {
  const { url, folder } = await makeWorld(t)
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  for (const connection of [url, pool]) {
    const controller = new AbortController()
    const source = postgresQuery(connection, 'SELECT pg_sleep(600)')
    const opened = await source.open({ files: nodeFiles, baseDirectory: folder, signal: controller.signal })
    const reading = (async () => {
      for await (const _ of opened.batches()) assert.fail()
    })()
    setTimeout(() => controller.abort(new Error('stop')), 200)
    await assert.rejects(reading, /stop/)
  }
  assert.equal(pool.totalCount, 0)
  await pool.end()
})

test('whoever stops early leaves no session behind', { skip }, async t => {
  const { url, folder, rows } = await makeWorld(t)
  const source = postgresQuery(`${url}&application_name=reader`, 'SELECT n FROM generate_series(1, 1000) AS n')
  const opened = await source.open({ files: nodeFiles, baseDirectory: folder, signal: new AbortController().signal })
  const sessions = async () => (await rows("SELECT 1 FROM pg_stat_activity WHERE application_name = 'reader'")).length
  for await (const _ of opened.batches()) {
    assert.equal(await sessions(), 1)
    break
  }
  // The server takes a moment to see the end of a connection.
  for (let tries = 0; (await sessions()) > 0; tries++) assert.ok(tries < 1_000, 'the session is still there')
})

test('a query that writes is refused', { skip }, async t => {
  const { query, folder, rows } = await makeWorld(t)
  await rows('CREATE SEQUENCE tickets')
  const opened = await query("SELECT nextval('tickets')").open({
    files: nodeFiles,
    baseDirectory: folder,
    signal: new AbortController().signal,
  })
  await assert.rejects(
    async () => {
      for await (const _ of opened.batches()) assert.fail()
    },
    { message: /read-only transaction/ },
  )
})
