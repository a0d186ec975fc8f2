import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import { catalogIdentity, removeCatalogFiles, setCatalogAside, withCatalogLock } from '../../src/catalog/catalog-files.ts'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { anyState, sampleBatches } from './sample-batches.ts'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waymark-catalog-files-'))
  path = join(folder, 'catalog.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true }))

const batch = sampleBatches(1, 4)[0] ?? []
const runsIn = async (catalog: { summary(): Promise<{ readonly runs: number }> }): Promise<number> =>
  (await catalog.summary()).runs

test('every file of a catalog is private to its user (D11)', async () => {
  const catalog = await openSqliteCatalog(path)
  await catalog.apply(batch, anyState)
  for (const part of ['', '-wal', '-shm', '-lock']) assert.equal(statSync(path + part).mode & 0o777, 0o600, part)
  await catalog.close()
})

test('what was applied is there when the file is opened again', async () => {
  const first = await openSqliteCatalog(path)
  await first.apply(batch, anyState)
  const runs = await first.runs({})
  await first.close()
  const second = await openSqliteCatalog(path)
  assert.ok(runs.length > 0)
  assert.deepEqual(await second.runs({}), runs)
  await second.close()
})

test('two open at once see what the other applied', async () => {
  const [one, other] = [await openSqliteCatalog(path), await openSqliteCatalog(path)]
  await one.apply(batch, anyState)
  assert.deepEqual(await other.runs({}), await one.runs({}))
  assert.equal(await other.apply([], { marks: new Map([['segment1', 0]]), heads: new Map() }), false)
  await one.close()
  assert.ok((await runsIn(other)) > 0)
  await other.close()
})

test('a damaged catalog is set aside under a number of its own, and an empty one takes its place (A15)', async () => {
  for (const number of [1, 2, 3]) {
    writeFileSync(path, `damage ${number}`)
    const error = await openSqliteCatalog(path).catch((reason: unknown) => reason)
    assert.ok(isWaymarkError(error, 'corrupt'))
    assert.equal(error.details['catalog'], true)
    assert.equal(error.details['identity'], catalogIdentity(path))
    const aside = await setCatalogAside(path, catalogIdentity(path))
    assert.equal(aside, join(folder, `catalog.damaged-${number}`))
    assert.equal(readFileSync(aside, 'utf8'), `damage ${number}`)
    const fresh = await openSqliteCatalog(path)
    assert.equal(await runsIn(fresh), 0)
    await fresh.close()
  }
})

test('of two that found the damage, the second does not set the new catalog of the first aside', async () => {
  writeFileSync(path, 'damage')
  const damaged = catalogIdentity(path)
  assert.equal(await setCatalogAside(path, damaged), join(folder, 'catalog.damaged-1'))
  const fresh = await openSqliteCatalog(path)
  await fresh.apply(batch, anyState)
  assert.equal(await setCatalogAside(path, damaged), undefined)
  assert.equal(catalogIdentity(path), fresh.identity)
  await fresh.close()
  await removeCatalogFiles(path)
  assert.equal(await setCatalogAside(path), undefined)
})

test('whoever still has the old file open when it is set aside does not disturb the new one, nor does closing it', async () => {
  const old = await openSqliteCatalog(path)
  await old.apply(batch, anyState)
  await setCatalogAside(path)
  const fresh = await openSqliteCatalog(path)
  assert.equal(await runsIn(fresh), 0)
  await fresh.apply([{ kind: 'mark', mark: { segment: 's', appliedEnd: 1, digest: 'd', provenEnd: 1 } }], anyState)
  await old.apply([{ kind: 'mark', mark: { segment: 'old', appliedEnd: 9, digest: 'd', provenEnd: 9 } }], anyState)
  await old.close()
  assert.ok(existsSync(`${path}-wal`), 'the log of the new catalog was removed')
  const third = await openSqliteCatalog(path)
  assert.deepEqual(await third.marks(), [{ segment: 's', appliedEnd: 1, digest: 'd', provenEnd: 1 }])
  await third.close()
  await fresh.close()
})

test('removing takes the database with its log, and nothing if there is none', async () => {
  await removeCatalogFiles(path)
  const catalog = await openSqliteCatalog(path)
  await catalog.apply(batch, anyState)
  await removeCatalogFiles(path)
  for (const part of ['', '-wal', '-shm']) assert.equal(existsSync(path + part), false, part)
  await catalog.close()
  const fresh = await openSqliteCatalog(path)
  assert.equal(await runsIn(fresh), 0)
  await fresh.close()
})

test('what is left behind beside a removed database is not used for a new one, even where a process still uses it', async () => {
  const markOf = (segment: string) => ({ segment, appliedEnd: 1, digest: 'd', provenEnd: 1 })
  const old = await openSqliteCatalog(path)
  await old.apply(batch, anyState)
  rmSync(path)
  const fresh = await openSqliteCatalog(path)
  assert.equal(await runsIn(fresh), 0)
  for (const segment of ['s1', 's2', 's3']) {
    await old.apply([{ kind: 'mark', mark: markOf(`old ${segment}`) }], anyState)
    await fresh.apply([{ kind: 'mark', mark: markOf(segment) }], anyState)
  }
  assert.deepEqual(await fresh.marks(), ['s1', 's2', 's3'].map(markOf))
  await old.close()
  const third = await openSqliteCatalog(path)
  assert.deepEqual(await third.marks(), ['s1', 's2', 's3'].map(markOf))
  await third.close()
  await fresh.close()
})

test('nobody opens a catalog, removes it or sets it aside while another does', async () => {
  await (await openSqliteCatalog(path)).close()
  const other = new DatabaseSync(`${path}-lock`)
  other.exec('BEGIN EXCLUSIVE')
  await assert.rejects(openSqliteCatalog(path, { busyTimeoutMs: 20 }), { code: 'unavailable', retryable: true })
  assert.throws(() => withCatalogLock(path, 20, () => assert.fail()), { code: 'unavailable', retryable: true })
  other.exec('ROLLBACK')
  other.close()
  await (await openSqliteCatalog(path)).close()
})

test('a folder that does not exist is unavailable, and said with what to do', async () => {
  await assert.rejects(openSqliteCatalog(join(folder, 'missing', 'catalog.sqlite')), { code: 'unavailable' })
})
