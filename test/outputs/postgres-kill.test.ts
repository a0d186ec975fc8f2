import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { startPostgres } from '../postgres.ts'
import { checkLoaded, crashBetween, killUntilDone, type Loading } from './loading.ts'
import { temporaryFolder } from './temporary-folder.ts'

const server = await startPostgres()
const skip = server === undefined && 'no PostgreSQL'

async function loading(folder: string, items: number): Promise<{ load: Loading; rows: () => Promise<readonly unknown[]> }> {
  const place = await server?.database()
  if (place === undefined) throw new Error('there is no PostgreSQL')
  const query = async (sql: string) => {
    const client = new pg.Client({ connectionString: place })
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }
  await query('CREATE TABLE loaded (n int, note text)')
  return {
    load: { folder, kind: 'postgres', place, items },
    rows: async () => (await query('SELECT n FROM loaded')).map(row => row.n),
  }
}

test('X3 kill -9 at random moments: every row is in the PostgreSQL table once, without any key', { skip }, async t => {
  const { load, rows } = await loading(await temporaryFolder(t), 600)
  const kills = await killUntilDone(load, 11, 3)
  assert.equal(kills, 3)
  checkLoaded(await rows(), load.items)
})

test('X3 a crash between the commit of PostgreSQL and the record of it: what was committed is not called again [pitfall 5]', {
  skip,
}, async t => {
  const { load, rows } = await loading(await temporaryFolder(t), 300)
  const [, again] = await crashBetween(load, 3)
  checkLoaded(await rows(), load.items)
  assert.equal(new Set(again).size, again.length)
  assert.ok(again.length <= load.items - 3 * 30, `${again.length} items were called again`)
})
