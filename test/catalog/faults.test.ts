import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import type { CatalogChange } from '../../src/catalog/catalog.ts'
import { applyChanges } from '../../src/catalog/sqlite-apply.ts'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { createSchema } from '../../src/catalog/sqlite-check.ts'
import { SqliteConnection } from '../../src/catalog/sqlite-connection.ts'
import { flipBit } from './damage-trial.ts'
import { anyState, sampleBatches, sampleCheckpoint, sampleRun } from './sample-batches.ts'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waymark-catalog-faults-'))
  path = join(folder, 'catalog.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What no Waymark would do. */
function damage(sql: string): void {
  const other = new DatabaseSync(path, { defensive: false })
  other.exec(sql)
  other.close()
}

const runChange = (id: string): CatalogChange => ({ kind: 'run', run: sampleRun(id, 1) })

test('a catalog another process holds for too long is unavailable for now, and unchanged', async () => {
  const catalog = await openSqliteCatalog(path, { busyTimeoutMs: 20 })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(catalog.apply([runChange('r1')], anyState), { code: 'unavailable', retryable: true })
  assert.deepEqual(await catalog.runs({}), [])
  other.exec('ROLLBACK')
  other.close()
  assert.equal(await catalog.apply([runChange('r1')], anyState), true)
  await catalog.close()
})

test('a full disk is told as such, undoes the whole list, and the next one works (guarantee 4)', () => {
  const connection = new SqliteConnection({ path }, 0)
  createSchema(connection)
  const pages = Number(connection.get('PRAGMA page_count')?.['page_count'])
  connection.exec(`PRAGMA max_page_count = ${pages + 2}`)
  const batch = sampleBatches(1, 100)[0] ?? []
  assert.throws(() => applyChanges(connection, batch, anyState), { code: 'disk_full', retryable: true })
  assert.equal(connection.get('SELECT count(*) AS n FROM run')?.['n'], 0)
  connection.exec(`PRAGMA max_page_count = ${pages + 1000}`)
  assert.equal(applyChanges(connection, batch, anyState), true)
  connection.close()
})

test('a number too large for JavaScript, which only damage can make, is damage', () => {
  const connection = new SqliteConnection({ path: ':memory:' }, 0)
  assert.throws(() => connection.get('SELECT 9223372036854775807 AS n'), {
    code: 'corrupt',
    details: { catalog: true, path: ':memory:' },
  })
  connection.close()
})

test('a row that does not match its checksum is reported by every query that meets it, and by no other', async () => {
  const catalog = await openSqliteCatalog(path)
  await catalog.apply([runChange('r1'), runChange('r2')], anyState)
  damage("UPDATE run SET body = zeroblob(length(body)) WHERE id = 'r1'")
  await assert.rejects(catalog.run('r1'), { code: 'corrupt' })
  await assert.rejects(catalog.runs({}), { code: 'corrupt' })
  assert.deepEqual(await catalog.run('r2'), sampleRun('r2', 1))
  await catalog.close()
})

test('an index that leads to another row, itself whole, is reported', async () => {
  const catalog = await openSqliteCatalog(path)
  await catalog.apply([runChange('r1'), runChange('r3')], anyState)
  await catalog.close()
  const bytes = readFileSync(path)
  // The entry of an index, as SQLite's file format has it: header of 3 bytes, a text of 2 bytes, a number of 1 byte; the text; the row.
  const entry = bytes.indexOf(Buffer.from('\u0003\u0011\u0001r3\u0002', 'latin1'))
  assert.notEqual(entry, -1)
  writeFileSync(path, flipBit(bytes, entry + 4, 0))
  const damaged = await openSqliteCatalog(path, { checkedUpToBytes: 0 })
  await assert.rejects(damaged.run('r2'), { code: 'corrupt' })
  await damaged.close()
  await assert.rejects(openSqliteCatalog(path), { code: 'corrupt' })
})

test('a tag that leads to another checkpoint, itself whole, is reported', async () => {
  const catalog = await openSqliteCatalog(path)
  const [tagged, plain] = [sampleCheckpoint('c1', 3, 'r1', 'load'), sampleCheckpoint('c2', 4, 'r1', 'load')]
  await catalog.apply(
    [tagged, plain].map(checkpoint => ({ kind: 'checkpoint', checkpoint })),
    anyState,
  )
  await catalog.close()
  damage('UPDATE tag SET checkpoint = 2')
  const damaged = await openSqliteCatalog(path, { checkedUpToBytes: 0 })
  await assert.rejects(damaged.checkpoints({ tags: ['nightly'] }), { code: 'corrupt' })
  await damaged.close()
})

test('a schema with another meaning is reported though every page is in order', async () => {
  for (const sql of [
    'CREATE TRIGGER thief AFTER DELETE ON run BEGIN DELETE FROM head; END',
    `PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'id TEXT NOT NULL', 'id TEXT NOT NULL COLLATE NOCASE') WHERE name = 'run'`,
  ]) {
    rmSync(path, { force: true })
    await (await openSqliteCatalog(path)).close()
    damage(sql)
    await assert.rejects(openSqliteCatalog(path), { code: 'corrupt', message: /schema/ })
  }
})

test('a row that was there and is gone is noticed when the file is opened', async () => {
  for (const table of ['run', 'stage', 'checkpoint', 'tag', 'tombstone', 'mark', 'head', 'total']) {
    const file = join(folder, `${table}.sqlite`)
    const catalog = await openSqliteCatalog(file)
    await catalog.apply([...(sampleBatches(1, 4)[0] ?? []), { kind: 'delete-checkpoint', id: 'c' }], anyState)
    await catalog.close()
    const other = new DatabaseSync(file)
    const { changes } = other.prepare(`DELETE FROM ${table} WHERE n = (SELECT max(n) FROM ${table})`).run()
    other.close()
    assert.equal(changes, 1, table)
    await assert.rejects(openSqliteCatalog(file), { code: 'corrupt' }, table)
  }
})

test('a file too large to be checked is checked after all when the machine was started anew', async () => {
  const options = { checkedUpToBytes: 0, bootId: 'boot 1' }
  const catalog = await openSqliteCatalog(path, options)
  await catalog.apply([runChange('r1')], anyState)
  await catalog.close()
  damage('DELETE FROM run')
  await (await openSqliteCatalog(path, options)).close()
  await assert.rejects(openSqliteCatalog(path, { ...options, bootId: 'boot 2' }), { code: 'corrupt' })
  await assert.rejects(openSqliteCatalog(path), { code: 'corrupt' })
})

test('a catalog that is used after it was closed says so', async () => {
  const catalog = await openSqliteCatalog(':memory:')
  await catalog.close()
  await assert.rejects(catalog.runs({}), { code: 'invalid' })
  await assert.rejects(catalog.apply([], anyState), { code: 'invalid' })
})

test('a limit that is no whole number is refused', async () => {
  const catalog = await openSqliteCatalog(':memory:')
  for (const limit of [-1, 1.5, Number.NaN]) {
    await assert.rejects(catalog.runs({ limit }), { code: 'invalid' })
    await assert.rejects(catalog.checkpoints({ limit }), { code: 'invalid' })
  }
  await catalog.close()
})

test('rows that stay as they are are not written again', async () => {
  const catalog = await openSqliteCatalog(path)
  const batch: readonly CatalogChange[] = [
    ...(sampleBatches(1, 1)[0] ?? []),
    { kind: 'delete-checkpoint', id: 'c0' },
    { kind: 'checkpoint', checkpoint: sampleCheckpoint('c3', 3, 'run00', 'load') },
  ]
  await catalog.apply(batch, anyState)
  const once = readFileSync(`${path}-wal`)
  await catalog.apply(batch, anyState)
  // Not deepEqual, whose explanation of a difference takes gigabytes.
  assert.ok(readFileSync(`${path}-wal`).equals(once))
  await catalog.apply([runChange('r9')], anyState)
  assert.ok(!readFileSync(`${path}-wal`).equals(once))
  await catalog.close()
})

test('the module can be imported where Node has no SQLite; opening says what to do', () => {
  const module = new URL('../../src/catalog/sqlite-catalog.ts', import.meta.url).href
  const script = `const { openSqliteCatalog } = await import(${JSON.stringify(module)})
    await openSqliteCatalog(':memory:').catch(error => console.log(error.code))`
  const passed = process.execArgv.filter(argument => /^--(conditions|import)/.test(argument))
  const args = [...passed, '--no-experimental-sqlite', '--input-type=module', '--eval', script]
  assert.equal(execFileSync(process.execPath, args, { encoding: 'utf8' }), 'unsupported\n')
})
