import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { sqliteQuery, sqliteTable } from 'waymark'
import { nodeFiles } from '../../src/files/node-files.ts'
import { type QueryWorld, sqlQuerySuite } from './sql-query-suite.ts'
import { temporaryFolder } from './temporary-folder.ts'

const makeWorld =
  (journal: string) =>
  async (t: TestContext): Promise<QueryWorld> => {
    const folder = await temporaryFolder(t)
    const path = join(folder, 'shop.db')
    const database = new DatabaseSync(path, { timeout: 5_000 })
    database.exec(`PRAGMA journal_mode = ${journal}; PRAGMA synchronous = NORMAL; CREATE TABLE something (id)`)
    t.after(() => database.close())
    return {
      folder,
      query: (sql, params, options) => sqliteQuery(path, sql, params, options),
      table: name => sqliteTable(path, { table: name }),
      rows: async sql => database.prepare(sql).all(),
      numbers: (n, length) =>
        `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${n}) SELECT n, substr(hex(zeroblob(${length})), 1, ${length}) AS text FROM numbers`,
    }
  }

// With a rollback journal an open query would keep the output waiting for ever.
for (const journal of ['wal', 'delete']) sqlQuerySuite(makeWorld(journal), { large: journal === 'wal' })

test('whole numbers are numbers where they fit, and BigInt where not; names are taken as they are', async t => {
  const { folder, query } = await makeWorld('wal')(t)
  const opened = await query(
    'SELECT 5 AS small, 9007199254740993 AS large, 1.5 AS half, NULL AS none, ? AS given, 1 AS "__proto__"',
    [new Date(0)],
  ).open({ files: nodeFiles, baseDirectory: folder, signal: new AbortController().signal })
  for await (const [row] of opened.batches()) {
    assert.deepEqual(Object.entries(row as object), [
      ['small', 5],
      ['large', 9007199254740993n],
      ['half', 1.5],
      ['none', null],
      ['given', '1970-01-01T00:00:00.000Z'],
      ['__proto__', 1],
    ])
  }
})

test('a query that is being read keeps no writer out, WAL or not', async t => {
  for (const journal of ['wal', 'delete']) {
    const { folder, query, rows, numbers } = await makeWorld(journal)(t)
    await rows(`CREATE TABLE numbers AS ${numbers(3_000, 200)}`)
    const opened = await query('SELECT n FROM numbers').open({
      files: nodeFiles,
      baseDirectory: folder,
      signal: new AbortController().signal,
    })
    const writer = new DatabaseSync(join(folder, 'shop.db'), { timeout: 0 })
    let read = 0
    for await (const batch of opened.batches()) {
      read += batch.length
      writer.exec('INSERT INTO numbers (n) VALUES (0)')
    }
    writer.close()
    assert.equal(read, 3_000)
  }
})

test('a missing database is not_found, and is not made', async t => {
  const folder = await temporaryFolder(t)
  const opened = await sqliteQuery('nothing.db', 'SELECT 1').open({
    files: nodeFiles,
    baseDirectory: folder,
    signal: new AbortController().signal,
  })
  await assert.rejects(
    async () => {
      for await (const _ of opened.batches()) assert.fail()
    },
    { code: 'not_found' },
  )
})
