import assert from 'node:assert/strict'
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { sqliteQuery, sqliteTable } from 'waymark'
import { asTable, begin, contextOf, itemAt, progressOf, write } from './sql-world.ts'
import { temporaryFolder } from './temporary-folder.ts'

async function sqlite(t: TestContext) {
  const baseDirectory = await temporaryFolder(t)
  const database = new DatabaseSync(join(baseDirectory, 'shop.db'), { timeout: 5_000 })
  t.after(() => database.isOpen && database.close())
  return { baseDirectory, database }
}

const world = (baseDirectory: string) => ({
  baseDirectory,
  target: () => assert.fail(),
  rows: () => assert.fail(),
})

test('a value is stored as SQLite can hold it, whole numbers as integers in every column', async t => {
  const { baseDirectory, database } = await sqlite(t)
  database.exec('CREATE TABLE kinds (id INTEGER, any_of, text TEXT, real REAL)')
  const { output } = await begin(world(baseDirectory), sqliteTable('shop.db', { table: 'kinds' }))
  const at = new Date('2026-11-20T23:30:00.123Z')
  await write(output, [
    { id: 1, any_of: 5, text: 5, real: 5 },
    { id: 2, any_of: true, text: false, real: Number.POSITIVE_INFINITY },
    { id: 3, any_of: 2n ** 63n - 1n, text: at, real: -1 },
    { id: 4, any_of: new Uint8Array([0, 255]), text: { a: [1, null], at }, real: null },
    { id: 5, any_of: 1.5, text: ['x'], real: 2 ** 60 },
  ])
  const statement = database.prepare(
    'SELECT any_of, typeof(any_of) AS kind, text, typeof(text) AS text_kind, real FROM kinds ORDER BY id',
  )
  statement.setReadBigInts(true)
  assert.deepEqual(
    statement.all().map(row => Object.values(row)),
    [
      [5n, 'integer', '5', 'text', 5],
      [1n, 'integer', '0', 'text', Number.POSITIVE_INFINITY],
      [2n ** 63n - 1n, 'integer', '2026-11-20T23:30:00.123Z', 'text', -1],
      [new Uint8Array([0, 255]), 'blob', '{"a":[1,null],"at":"2026-11-20T23:30:00.123Z"}', 'text', null],
      [1.5, 'real', '["x"]', 'text', 2 ** 60],
    ],
  )
  const refused = (value: object, message: RegExp) =>
    assert.throws(() => output.add(value, itemAt(2)), { code: 'invalid', message })
  refused({ real: Number.NaN }, /item 2 .*sqlite:shop.db#kinds, column "real": SQLite has no NaN/)
  refused({ id: 2n ** 63n }, /beyond 64 bits/)
  refused({ id: 1, ID: 2 }, /two properties are this column/)
  await output.close()
})

test('what a strict table or a trigger refuses names the item, and nothing of its flush is there', async t => {
  const { baseDirectory, database } = await sqlite(t)
  database.exec(`CREATE TABLE strict_one (id INTEGER, name TEXT) STRICT;
    CREATE TRIGGER no_bad BEFORE INSERT ON strict_one WHEN new.name = 'bad' BEGIN SELECT RAISE(ABORT, 'bad is not wanted'); END`)
  for (const [value, message] of [
    [{ id: 1.5 }, /item 1 cannot be written to sqlite:shop.db#strict_one: cannot store REAL value in INTEGER column/],
    [{ id: 1, name: 'bad' }, /item 1 .*bad is not wanted/],
  ] as const) {
    const { output } = await begin(world(baseDirectory), sqliteTable('shop.db', { table: 'strict_one' }))
    output.add({ id: 0 }, itemAt(0))
    output.add(value, itemAt(1))
    await assert.rejects(output.flush(progressOf(0, 1)), { code: 'invalid', message })
    await output.close()
  }
  assert.deepEqual(database.prepare('SELECT * FROM strict_one').all(), [])
})

test('create: true makes file and table from the first rows, the key as its primary key', async t => {
  const baseDirectory = await temporaryFolder(t)
  const target = sqliteTable<{ id: number; price?: number; name?: string; raw?: Uint8Array }>('new.db', {
    table: 'made',
    key: 'id',
    create: true,
  })
  const { context, output } = await begin(world(baseDirectory), target as never)
  assert.throws(() => output.add({ id: Number.NaN, wrong: 1 }, itemAt(0)), { code: 'invalid' })
  await write(output, [
    { id: 1, price: 1, name: 'a', raw: new Uint8Array(1) },
    { id: 2, price: 1.5, name: 'b' },
    { id: 1, price: 3 },
  ])
  assert.throws(() => output.add({ id: 3, more: 1 }, itemAt(3)), { code: 'invalid', message: /column "more"/ })
  const position = output.position
  await output.close()
  const again = await target.open({ ...context, token: 2 }, position)
  await write(again.output, [{ id: 3 }], 3)
  await again.output.close()
  const database = new DatabaseSync(join(baseDirectory, 'new.db'))
  assert.equal(
    database.prepare("SELECT sql FROM sqlite_schema WHERE name = 'made'").get()?.['sql'],
    'CREATE TABLE "made" ("id" INTEGER, "price" NUMERIC, "name" TEXT, "raw" BLOB, PRIMARY KEY ("id"))',
  )
  assert.equal(database.prepare('SELECT count(*) AS n FROM made').get()?.['n'], 3)
  database.close()
})

test('without create a missing file is not made', async t => {
  const baseDirectory = await temporaryFolder(t)
  const target = sqliteTable('nothing.db', { table: 'orders' })
  const context = contextOf(world(baseDirectory))
  await assert.rejects(target.open(context, asTable(await target.begin(context))), { code: 'not_found' })
  assert.throws(() => statSync(join(baseDirectory, 'nothing.db')))
})

test('a database that another process holds is waited for, without stopping this one, and then unavailable', async t => {
  const { baseDirectory, database } = await sqlite(t)
  database.exec('CREATE TABLE orders (id INTEGER)')
  const target = sqliteTable('shop.db', { table: 'orders', busyTimeoutMs: 600 })
  const { start, output } = await begin(world(baseDirectory), target)
  database.exec('BEGIN IMMEDIATE')
  output.add({ id: 1 }, itemAt(0))
  const flushing = output.flush(progressOf(0, 0))
  // The flush tries in this thread: a turn of the loop comes only because it lets go in between.
  await new Promise(resolve => setImmediate(resolve))
  database.exec('ROLLBACK')
  await flushing
  database.exec('BEGIN IMMEDIATE')
  output.add({ id: 2 }, itemAt(1))
  await assert.rejects(output.flush(progressOf(1, 1)), { code: 'unavailable', retryable: true, message: /another process holds/ })
  await output.close()
  database.exec('ROLLBACK')
  const again = await target.open(contextOf(world(baseDirectory), 2), start)
  assert.equal(again.recovered?.length, 1)
  await again.output.close()
})

test('a database of the caller’s own is used as it is found: its transactions are waited for, its settings come back, it stays open', async t => {
  const { baseDirectory, database } = await sqlite(t)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE orders (id INTEGER)')
  const target = sqliteTable(database, { table: 'orders', busyTimeoutMs: 100 })
  assert.equal(target.shown, 'sqlite:shop.db#orders')
  const { output } = await begin(world(baseDirectory), target)
  database.exec('BEGIN')
  database.exec('INSERT INTO orders VALUES (50)')
  output.add({ id: 1 }, itemAt(0))
  const flushing = output.flush(progressOf(0, 0))
  await new Promise(resolve => setImmediate(resolve))
  database.exec('ROLLBACK')
  await flushing
  assert.deepEqual(
    database
      .prepare('SELECT id FROM orders')
      .all()
      .map(row => row['id']),
    [1],
  )
  assert.equal(database.prepare('PRAGMA synchronous').get()?.['synchronous'], 1)
  database.exec('BEGIN')
  output.add({ id: 2 }, itemAt(1))
  await assert.rejects(output.flush(progressOf(1, 1)), { code: 'unavailable', message: /a transaction is open/ })
  database.exec('ROLLBACK')
  await output.close()
  assert.equal(database.isOpen, true)
})

test('a commit is durable whatever the caller’s database is set to', async t => {
  const baseDirectory = await temporaryFolder(t)
  const atCommit: unknown[] = []
  class Watched extends DatabaseSync {
    override exec(sql: string): void {
      if (sql === 'COMMIT') atCommit.push(this.prepare('PRAGMA synchronous').get()?.['synchronous'])
      super.exec(sql)
    }
  }
  const database = new Watched(join(baseDirectory, 'shop.db'))
  t.after(() => database.close())
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE orders (id INTEGER)')
  const { output } = await begin(world(baseDirectory), sqliteTable(database, { table: 'orders' }))
  await write(output, [{ id: 1 }])
  await output.close()
  assert.deepEqual(atCommit, [2, 2])
  assert.equal(database.prepare('PRAGMA synchronous').get()?.['synchronous'], 0)
})

test('a full disk is disk_full, and what was committed before is there', async t => {
  const { baseDirectory, database } = await sqlite(t)
  database.exec('CREATE TABLE orders (id INTEGER, note TEXT)')
  const target = sqliteTable(database, { table: 'orders' })
  const { context, output } = await begin(world(baseDirectory), target)
  const position = await write(output, [{ id: 1 }])
  // The limit of SQLite's own answers as a disk does.
  const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count'])
  database.exec(`PRAGMA max_page_count = ${pages + 2}`)
  for (let id = 0; id < 100; id++) output.add({ id, note: 'x'.repeat(1_000) }, itemAt(id))
  await assert.rejects(output.flush(progressOf(1, 100)), { code: 'disk_full', retryable: true })
  await output.close()
  database.exec('PRAGMA max_page_count = 100000')
  assert.equal(database.prepare('SELECT count(*) AS n FROM orders').get()?.['n'], 1)
  const again = await target.open({ ...context, token: 2 }, position)
  assert.deepEqual(again.recovered, [])
  await again.output.close()
})

test('a read-only file and one that is no database say so', { skip: process.platform === 'win32' }, async t => {
  const { baseDirectory, database } = await sqlite(t)
  database.exec('CREATE TABLE orders (id INTEGER)')
  database.close()
  const context = contextOf(world(baseDirectory))
  const opening = async (path: string | DatabaseSync) => {
    const target = sqliteTable(path, { table: 'orders' })
    await target.open(context, asTable(await target.begin(context)))
  }
  const readOnly = new DatabaseSync(join(baseDirectory, 'shop.db'), { readOnly: true })
  await assert.rejects(opening(readOnly), { code: 'unavailable', message: /readonly/ })
  readOnly.close()
  await assert.rejects(opening(import.meta.filename), { code: 'corrupt' })
  chmodSync(join(baseDirectory, 'shop.db'), 0o644)
})

test('wrong arguments are refused with a sentence', () => {
  const wrong: readonly unknown[] = ['', ':memory:', 'a\0b', undefined, null, 5, {}, []]
  for (const location of wrong) {
    assert.throws(() => sqliteTable(location as string, { table: 'o' }), { code: 'invalid' }, inspect(location))
    assert.throws(() => sqliteQuery(location as string, 'SELECT 1'), { code: 'invalid' }, inspect(location))
  }
  assert.throws(() => sqliteTable('a.db', { table: 'o', create: 5 as never }), { code: 'invalid' })
  assert.throws(() => sqliteTable('a.db', { table: 'o', busyTimeoutMs: -1 }), { code: 'invalid' })
  assert.throws(() => sqliteQuery('a.db', 'SELECT ?', [Number.NaN]), { code: 'invalid', message: /parameter 1/ })
})
