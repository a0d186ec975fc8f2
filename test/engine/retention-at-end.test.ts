import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isWaymarkError, type OpenOptions, open, pipeline, type RunEvent, type Store } from 'waymark'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { applyRetention } from '../../src/engine/apply-retention.ts'
import { coreOf } from '../../src/engine/store.ts'
import { type Clock, systemClock } from '../../src/model/clock.ts'

const ahead = (days: number): Clock => ({
  now: () => systemClock.now() + days * 86_400_000,
  monotonicMs: () => systemClock.monotonicMs(),
  after: (delayMs, callback, options) => systemClock.after(delayMs, callback, options),
})

/** Opens one store some days later, with a retention. */
function storeOf(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-retention-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return async <T>(days: number, options: OpenOptions, use: (store: Store) => Promise<T>): Promise<T> => {
    const store = await open({ path: join(folder, '.waymark'), components: { clock: ahead(days) }, ...options })
    try {
      return await use(store)
    } finally {
      await store.close()
    }
  }
}

const orders = pipeline('orders', async (run, params) => {
  await run.stage('extract', () => `rows of ${String(params['day'])}`)
  if (params['fails'] === true) throw new Error('no network')
})
const other = pipeline('other', run => run.stage('x', () => 1))

const idsOf = async (store: Store): Promise<string[]> => (await store.list({ limit: 1_000 })).map(({ id }) => id).sort()
const noticesOf = (events: readonly RunEvent[]): string[] =>
  events.flatMap(event => (event.type === 'notice' && event.message.startsWith('retention') ? [event.message] : []))

test('A5 E7 whenever a run ends, what is old goes, and the count is told; what is pinned, newest or unfinished stays', async t => {
  const on = storeOf(t)
  const { pinned, unfinished, before } = await on(0, {}, async store => {
    for (let day = 0; day < 14; day++) await orders.run({ day: String(day) }, { store })
    const [oldest] = (await store.list({ limit: 100 })).toSorted((a, b) => a.order - b.order)
    await store.pin(oldest?.id ?? '', { name: 'audit' })
    await assert.rejects(orders.run({ day: 'x', fails: true }, { store }), { code: 'failed' })
    const unfinishedRun = (await store.runs({ states: ['failed'] }))[0]?.id ?? ''
    return { pinned: oldest?.id, unfinished: unfinishedRun, before: await idsOf(store) }
  })
  await on(6, { retention: {} }, async store => {
    const outcome = await other.run({}, { store })
    assert.equal(outcome.removed, 0, 'nothing is older than seven days')
  })
  await on(8, { retention: {} }, async store => {
    const events: RunEvent[] = []
    const outcome = await other.run({}, { store, onEvent: event => events.push(event) })
    // 14 runs and an unfinished one: the ten newest of the pipeline stay, of the other five one is pinned.
    assert.equal(outcome.removed, 4)
    assert.deepEqual(noticesOf(events), ['retention removed 4 checkpoints of runs that ended more than 7 days ago'])
    const left = await idsOf(store)
    assert.ok(left.includes(pinned ?? ''))
    assert.equal(before.filter(id => !left.includes(id)).length, 4)
    assert.ok((await store.list({ run: unfinished })).length > 0)
    assert.equal((await other.run({}, { store })).removed, 0, 'a second time there is nothing left')
  })
})

test('A5 without a retention nothing is removed, and one of the pipeline goes before that of the store', async t => {
  const on = storeOf(t)
  await on(0, {}, async store => {
    for (let day = 0; day < 3; day++) await orders.run({ day: String(day) }, { store })
  })
  const everything = { olderThanDays: 1, newestRuns: 0 }
  const sparing = pipeline('sparing', () => 1, { retention: false })
  const thorough = pipeline('thorough', () => 1, { retention: everything })
  await on(30, {}, async store => assert.equal((await other.run({}, { store })).removed, undefined))
  await on(30, { retention: everything }, async store => assert.equal((await sparing.run({}, { store })).removed, undefined))
  await on(30, {}, async store => assert.equal((await thorough.run({}, { store })).removed, 2))
})

test('A5 it is applied at the end of a run that failed and of a loop of one’s own, and not of one that was only stopped', async t => {
  const on = storeOf(t)
  const retention = { olderThanDays: 1, newestRuns: 0 }
  const fill = () =>
    on(0, {}, async store => {
      for (let day = 0; day < 3; day++) await orders.run({ day: String(day) }, { store, fresh: true })
      return (await idsOf(store)).length
    })
  const filled = await fill()
  await on(9, { retention }, async store => {
    const stop = new AbortController()
    const stopped = pipeline('stopped', async run => {
      stop.abort()
      await run.stage('never', () => 1)
    })
    await assert.rejects(stopped.run({}, { store, stopSignal: stop.signal }), { code: 'cancelled' })
    assert.equal((await idsOf(store)).length, filled)
    await store.track({ stage: 'rows' }, t => void t.done(0))
    assert.ok((await idsOf(store)).length < filled + 1)
  })
  const again = await fill()
  await on(9, { retention }, async store => {
    const failing = pipeline('failing', () => Promise.reject(new Error('no')))
    const events: RunEvent[] = []
    await assert.rejects(failing.run({}, { store, onEvent: event => events.push(event) }), { code: 'failed' })
    assert.equal(noticesOf(events).length, 1)
    assert.ok((await idsOf(store)).length < again)
  })
})

test('A5 a retention that cannot be applied is told, and the run is completed all the same', async t => {
  const on = storeOf(t)
  await on(0, {}, async store => {
    for (let day = 0; day < 3; day++) await orders.run({ day: String(day) }, { store })
  })
  const { catalog } = await import('../../src/engine/store.ts').then(module => ({ catalog: module.coreOf }))
  await on(9, { retention: { olderThanDays: 1, newestRuns: 0 } }, async store => {
    const core = catalog(store)
    const append = core.log.appendFree
    core.log.appendFree = () => Promise.reject(new Error('the disk is upside down'))
    t.after(() => (core.log.appendFree = append))
    const events: RunEvent[] = []
    const { state, removed } = await other.run({}, { store, onEvent: event => events.push(event) })
    assert.deepEqual([state, removed], ['completed', 0])
    assert.deepEqual(noticesOf(events), ['retention could not be applied (the run is not affected): the disk is upside down'])
    core.log.appendFree = append
  })
})

test('A5 D9 a retention that cannot be meant is refused with the name that is meant', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-retention-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const says = (pattern: RegExp) => (error: unknown) =>
    isWaymarkError(error, 'invalid') && pattern.test(`${error.message} ${error.remedy}`)
  const wrong: readonly [unknown, RegExp][] = [
    [{ olderThanDay: 3 }, /Did you mean olderThanDays\?/],
    [{ olderThanDays: '7d' }, /olderThanDays must be a number of days from 0 on, not "7d"/],
    [{ olderThanDays: Number.NaN }, /not NaN/],
    [{ newestRuns: 1.5 }, /newestRuns must be a whole number from 0 on, not 1\.5/],
    [7, /the options are 7, not an object/],
  ]
  for (const [retention, pattern] of wrong) {
    await assert.rejects(open({ path: join(folder, '.waymark'), retention: retention as never }), says(pattern))
    assert.throws(() => pipeline('p', () => 1, { retention: retention as never }), says(pattern))
  }
})

test('A5 X9 where nothing is old, a retention looks at as much however many runs and checkpoints are kept', async t => {
  let read = 0
  const openCatalog: typeof openSqliteCatalog = async (path, options) => {
    const catalog = await openSqliteCatalog(path, options)
    const { runs, checkpoints } = catalog
    catalog.runs = async query => count(await runs.call(catalog, query))
    catalog.checkpoints = async query => count(await checkpoints.call(catalog, query))
    return catalog
  }
  const count = <Found extends readonly unknown[]>(found: Found): Found => {
    read += found.length
    return found
  }
  const folder = mkdtempSync(join(tmpdir(), 'waymark-retention-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = await open({ path: join(folder, '.waymark'), components: { openCatalog }, durability: 'process' })
  t.after(() => store.close())
  const readBy = async (): Promise<number> => {
    read = 0
    assert.deepEqual(await applyRetention(coreOf(store), { olderThanDays: 1, newestRuns: 0 }), { removed: 0 })
    return read
  }
  for (let day = 0; day < 2; day++) await orders.run({ day: String(day) }, { store })
  const few = await readBy()
  for (let day = 2; day < 40; day++) await orders.run({ day: String(day) }, { store })
  assert.equal((await store.list({ limit: 100 })).length, 40)
  assert.deepEqual([few, await readBy()], [1, 1])
})
