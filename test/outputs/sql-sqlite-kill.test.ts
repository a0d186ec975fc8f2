import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { checkLoaded, crashBetween, killUntilDone, type Loading } from './loading.ts'
import { temporaryFolder } from './temporary-folder.ts'

async function loading(
  folder: string,
  items: number,
  journal: string,
): Promise<{ load: Loading; rows: () => readonly unknown[]; committed: () => number }> {
  const place = join(folder, 'shop.db')
  const query = (sql: string) => {
    const database = new DatabaseSync(place, { timeout: 5_000 })
    try {
      return database.prepare(sql).all()
    } finally {
      database.close()
    }
  }
  query(`PRAGMA journal_mode = ${journal}`)
  query('CREATE TABLE loaded (n INTEGER, note TEXT)')
  return {
    load: { folder, kind: 'sqlite', place, items },
    rows: () => query('SELECT n FROM loaded').map(row => row['n']),
    committed: () => Number(query('SELECT row_count FROM waymark_progress')[0]?.['row_count']),
  }
}

for (const journal of ['wal', 'delete']) {
  test(`X3 kill -9 at random moments: every row is in the SQLite table once, without any key (journal ${journal})`, async t => {
    const { load, rows } = await loading(await temporaryFolder(t), 600, journal)
    const kills = await killUntilDone(load, 7, journal === 'wal' ? 4 : 2)
    assert.ok(kills >= 2)
    checkLoaded(rows(), load.items)
  })
}

test('X3 a crash between the commit of SQLite and the record of it: what was committed is not called again [pitfall 5]', async t => {
  const { load, rows, committed } = await loading(await temporaryFolder(t), 300, 'wal')
  const [, again] = await crashBetween(load, 3)
  checkLoaded(rows(), load.items)
  assert.equal(committed(), load.items)
  assert.equal(new Set(again).size, again.length)
  assert.ok(again.length <= load.items - 3 * 8, `${again.length} items were called again`)
})
